"""TFLite Micro itself, from the `tflite-micro` wheel: what the reference is checked against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.engine import model_input, shaped_input
from mcuzoo.errors import ModelError
from mcuzoo.extras import TFLM, missing_error
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program, build_program
from mcuzoo.graph.write import write_model
from mcuzoo.ops.coverage import require_tflm

ARENA_SPARE_BYTES = 1 << 20


class TflmEngine:
    """Runs a model on TFLM's reference kernels; the output is read before any DEQUANTIZE.

    The model is written anew for TFLM, because neither TFLM nor the wheel checks a file. Raises
    MissingExtraError without the wheel, ModelError when TFLM does not run the model. The model is
    checked first, because much of what TFLM cannot take would end the process.
    """

    def __init__(self, model: Model) -> None:
        self.program: Program = build_program(model)
        require_tflm(self.program)
        try:
            from tflite_micro.python.tflite_micro import runtime
        except ImportError:
            raise missing_error([TFLM], "Running TFLM on the host") from None
        # All tensors are kept, so that the int8 output can be read where the graph goes on to
        # floats; they then take their sum, not the planner's peak.
        activations = sum(tensor.bytes for tensor in model.tensors if tensor.data is None)
        try:
            self._interpreter: Any = runtime.Interpreter.from_bytes(
                write_model(model),
                arena_size=2 * activations + model.bytes + ARENA_SPARE_BYTES,
                intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
            )
        except RuntimeError as error:
            raise ModelError(
                f"TFLM refuses the model: {error}.",
                "`mcuzoo inspect MODEL` shows which runtime covers which op.",
            ) from error

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 of the input's size in any shape -> int8 (output elements,)."""
        self._interpreter.set_input(model_input(self.program, shaped_input(self.program, input)), 0)
        self._interpreter.invoke()
        tensor = self._interpreter.GetTensor(self.program.output_tensor.index, 0)
        output: NDArray[np.int8] = np.array(tensor["tensor_data"], dtype=np.int8).reshape(-1)
        return output
