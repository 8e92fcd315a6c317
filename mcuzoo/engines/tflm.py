"""TFLite Micro itself, from the `tflite-micro` wheel: what the reference is checked against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.engine import shaped_input
from mcuzoo.errors import ModelError
from mcuzoo.extras import TFLM, missing_error
from mcuzoo.graph.cut import cut_ends
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program
from mcuzoo.graph.write import write_model
from mcuzoo.ops.coverage import judge

ARENA_SPARE_BYTES = 1 << 20


class TflmEngine:
    """Runs what a TFLM project would have of a model, on TFLM's reference kernels.

    The model is written anew for TFLM, because neither TFLM nor the wheel checks a file. Raises
    MissingExtraError without the wheel, ModelError when TFLM does not run the model. The model is
    checked first, because much of what TFLM cannot take would end the process.
    """

    def __init__(self, model: Model) -> None:
        self.program: Program = judge(model, "tflm").require()
        try:
            from tflite_micro.python.tflite_micro import runtime
        except ImportError:
            raise missing_error([TFLM], "Running TFLM on the host") from None
        cut = cut_ends(model).model
        activations = sum(tensor.bytes for tensor in cut.tensors if tensor.data is None)
        try:
            self._interpreter: Any = runtime.Interpreter.from_bytes(
                write_model(cut), arena_size=2 * activations + cut.bytes + ARENA_SPARE_BYTES
            )
        except RuntimeError as error:
            raise ModelError(
                f"TFLM refuses the model: {error}.",
                "`mcuzoo inspect MODEL` shows which runtime covers which op.",
            ) from error

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 of the input's size in any shape -> int8 (output elements,)."""
        shape = self._interpreter.get_input_details(0)["shape"]
        self._interpreter.set_input(shaped_input(self.program, input).reshape(shape), 0)
        self._interpreter.invoke()
        output: NDArray[np.int8] = np.array(self._interpreter.get_output(0), np.int8).reshape(-1)
        return output
