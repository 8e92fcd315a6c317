"""A UINT8 model as mcuzoo's INT8 reference can run it, with the same results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.graph.executable import UINT8_OFFSET
from mcuzoo.graph.model import DType, Model, Op, Quantization, Tensor
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common.pooling import clamp_of, over_windows, pool_window
from mcuzoo.ops.common.reference import Kernel, given

_WEIGHTED = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))


class SourceEngine(ReferenceEngine):
    """The reference of a source model. Of one that computes in UINT8, inputs and outputs are int8,
    128 below the model's own. Raises as ReferenceEngine."""

    def __init__(self, model: Model) -> None:
        twin = int8_twin(model)
        super().__init__(twin)
        if twin is not model:
            self._kernels = [
                _average_pool(self.program.model, step.op)
                if step.op.name == "AVERAGE_POOL_2D"
                else kernel
                for step, kernel in zip(self.program.steps, self._kernels, strict=True)
            ]


def _average_pool(model: Model, op: Op) -> Kernel:
    """Of UINT8, whose kernel rounds halves up."""
    window, clamp = pool_window(model, op), clamp_of(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        image = given(inputs, 0)[0].astype(np.int64) + UINT8_OFFSET
        sums = over_windows(image, window, lambda pixels: pixels.sum(axis=0))
        ones = np.ones((*image.shape[:2], 1), np.int64)
        counts = over_windows(ones, window, lambda pixels: pixels.sum(axis=0))
        means = (sums + counts // 2) // counts - UINT8_OFFSET
        output: NDArray[np.int8] = np.clip(means, *clamp).astype(np.int8)[None]
        return output

    return run


def int8_twin(model: Model) -> Model:
    """`model` itself, unless it computes in UINT8: then all its values are 128 less.

    Weights are less their zero point, which may take nine bits: their data is int16, though the
    tensor is called int8. Their scales are such that input scale times weight scale is what TFLite
    makes of it for UINT8, a product in float32. For the reference alone: no file has such tensors.
    """
    weights = {
        op.inputs[1]: op.inputs[0]
        for op in model.ops
        if op.name in _WEIGHTED and model.tensor(op.inputs[1]).dtype is DType.UINT8
    }
    if not weights:
        return model
    tensors = []
    for tensor in model.tensors:
        if tensor.dtype is not DType.UINT8 or tensor.quantization is None:
            tensors.append(tensor)
        elif tensor.index in weights and tensor.data is not None:
            tensors.append(_weights(tensor, model.tensor(weights[tensor.index])))
        else:
            tensors.append(_lowered(tensor))
    return replace(model, tensors=tuple(tensors))


def _weights(tensor: Tensor, source: Tensor) -> Tensor:
    own, other = quantization_of(tensor), quantization_of(source)
    assert tensor.data is not None
    product = (other.scales[:1] * own.scales).astype(np.float64)
    return replace(
        tensor,
        dtype=DType.INT8,
        data=tensor.data.astype(np.int16) - np.int16(own.zero_point),
        quantization=Quantization(
            scales=product / other.scale,  # type: ignore[arg-type]
            zero_points=np.zeros_like(own.zero_points),
            axis=own.axis,
        ),
    )


def _lowered(tensor: Tensor) -> Tensor:
    own = quantization_of(tensor)
    data = tensor.data
    if data is not None:
        data = (data.astype(np.int16) - UINT8_OFFSET).astype(np.int8)
    lower = Quantization(own.scales, own.zero_points - UINT8_OFFSET, own.axis)
    return replace(tensor, dtype=DType.INT8, data=data, quantization=lower)
