"""LiteRT (TensorFlow Lite) from the `ai-edge-litert` wheel, on its reference or fast kernels."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.engine import model_input, shaped_input
from mcuzoo.errors import ModelError, UsageError
from mcuzoo.extras import LITERT, missing_error
from mcuzoo.graph.executable import UINT8_OFFSET
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import Program, build_program

RESOLVERS = {"reference": "BUILTIN_REF", "builtin": "BUILTIN", "default": "AUTO"}


def litert_interpreter(model: Model, resolver: str) -> Any:
    """An allocated interpreter of ai_edge_litert that keeps every tensor's value.

    Raises MissingExtraError without the wheel, ModelError when LiteRT refuses the model.
    """
    if resolver not in RESOLVERS:
        raise UsageError(
            f"There is no LiteRT resolver {resolver!r}.", f"Known: {', '.join(RESOLVERS)}."
        )
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError:
        raise missing_error([LITERT], "Running LiteRT") from None
    try:
        with warnings.catch_warnings():
            # LiteRT warns that keeping all tensors is for debugging; here it is intended.
            warnings.simplefilter("ignore", UserWarning)
            interpreter: Any = Interpreter(
                model_content=model.raw,
                num_threads=1,
                experimental_op_resolver_type=getattr(OpResolverType, RESOLVERS[resolver]),
                experimental_preserve_all_tensors=True,
            )
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"LiteRT refuses the model: {error}.", "Convert or quantize the model again."
        ) from error
    return interpreter


def litert_scores(interpreter: Any, source: int, values: NDArray[Any], target: int) -> NDArray[Any]:
    """The values of tensor `target` once tensor `source` holds `values`.

    Raises ModelError when LiteRT cannot run the model, which it may notice only now.
    """
    try:
        interpreter.set_tensor(source, values)
        interpreter.invoke()
        scores: NDArray[Any] = np.array(interpreter.get_tensor(target))
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"LiteRT cannot run the model: {error}.", "Convert or quantize the model again."
        ) from error
    return scores


class LitertEngine:
    """Runs a model on LiteRT; the output is read before any DEQUANTIZE.

    `resolver`: "reference" (BUILTIN_REF, byte-equal to TFLM but for FULLY_CONNECTED, which it
    rounds once), "builtin" (optimized kernels) or "default" (XNNPACK; never take a golden from
    it). Raises MissingExtraError without the wheel, ModelError when LiteRT refuses the model.
    """

    def __init__(self, model: Model, resolver: str = "reference") -> None:
        self.program: Program = build_program(model)
        self._interpreter = litert_interpreter(model, resolver)

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 of the input's size in any shape -> int8 (output elements,)."""
        values = model_input(self.program, shaped_input(self.program, input))
        source, target = self.program.file.inputs[0], self.program.output_tensor.index
        scores = litert_scores(self._interpreter, source, values, target)
        if scores.dtype == np.uint8:
            scores = scores.astype(np.int16) - UINT8_OFFSET
        return scores.astype(np.int8).reshape(-1)
