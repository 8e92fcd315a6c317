"""A UINT8 model on LiteRT, seen from the INT8 side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.litert import litert_interpreter, litert_scores
from mcuzoo.errors import InputError, ModelError
from mcuzoo.graph.affine import dequantize
from mcuzoo.graph.model import DType, Model, Quantization, Tensor

SHIFT = 128


class LitertUint8Engine:
    """Takes and gives int8, 128 below the model's own UINT8, as its INT8 rewrite does.

    A QUANTIZE from and a DEQUANTIZE to floats at the ends are looked through. Raises
    MissingExtraError without ai-edge-litert, ModelError for a model that has not one UINT8 input
    and one UINT8 output, or that LiteRT refuses.
    """

    def __init__(self, model: Model, resolver: str = "reference") -> None:
        if len(model.inputs) != 1 or len(model.outputs) != 1:
            raise ModelError(
                f"The model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; only "
                "models of one each can be compared on images.",
                "Convert without --images.",
            )
        self._own = model.tensor(model.inputs[0])
        self._input = _behind(model, self._own)
        self._output = _before(model, model.tensor(model.outputs[0]))
        for tensor in (self._input, self._output):
            if tensor.dtype is not DType.UINT8 or tensor.quantization is None:
                raise ModelError(
                    f"Tensor {tensor.index} {tensor.name!r} at the model's end is "
                    f"{tensor.dtype.value}, not UINT8.",
                    "Convert without --images.",
                )
        self._interpreter = litert_interpreter(model, resolver)

    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 of the input's size in any shape -> int8 (output elements,)."""
        if input.size != self._input.elements:
            raise InputError(
                f"The model takes {list(self._input.shape)}, not {list(input.shape)}.",
                "Preprocess the image for this model first.",
            )
        values = input.reshape(self._own.shape)
        if self._own.dtype is DType.UINT8:
            own: NDArray[Any] = (values.astype(np.int16) + SHIFT).astype(np.uint8)
        else:
            quantization = self._input.quantization
            assert quantization is not None
            lower = Quantization(quantization.scales, quantization.zero_points - SHIFT)
            own = dequantize(values, lower)
        scores = litert_scores(self._interpreter, self._own.index, own, self._output.index)
        return (scores.astype(np.int16) - SHIFT).astype(np.int8).reshape(-1)


def _behind(model: Model, tensor: Tensor) -> Tensor:
    """The tensor behind a leading QUANTIZE of floats, else the input itself."""
    for op in model.ops:
        if op.name == "QUANTIZE" and op.inputs == (tensor.index,) and tensor.dtype is DType.FLOAT32:
            return model.tensor(op.outputs[0])
    return tensor


def _before(model: Model, tensor: Tensor) -> Tensor:
    """The tensor before a final DEQUANTIZE, else the output itself."""
    for op in model.ops:
        if op.name == "DEQUANTIZE" and op.outputs == (tensor.index,):
            return model.tensor(op.inputs[0])
    return tensor
