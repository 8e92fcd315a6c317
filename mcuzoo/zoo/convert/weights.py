"""Weights with a zero point become symmetric INT8 weights, which is all that kernels read.

Per output channel w = q - zero_point. Up to 127 the integers stay and with them the scale: not a
bit is lost. A channel that reaches further gets the scale times max|w| / 127, and its bias is
divided by the same factor, so that the accumulator's unit stays input scale * weight scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import ModelError
from mcuzoo.graph.model import DType, Quantization, Tensor

INT8_PEAK = 127


@dataclass(frozen=True)
class SymmetricWeights:
    """`factors`: float64 (n,), new scale / old scale, 1 where lossless; n channels, or 1.

    `changed`: how many weights have another real value than before.
    """

    tensor: Tensor
    factors: NDArray[np.float64]
    changed: int


def is_symmetric(weights: Tensor) -> bool:
    quantization = weights.quantization
    return (
        weights.dtype is DType.INT8
        and quantization is not None
        and not np.any(quantization.zero_points)
    )


def symmetric_weights(weights: Tensor, axis: int | None) -> SymmetricWeights:
    """Constant uint8 or int8 `weights` as int8 with zero point 0.

    `axis` is the dimension of the output channels, each of which gets a scale of its own; None:
    one scale for all. Raises ModelError for weights that are quantized along another dimension.
    """
    quantization = weights.quantization
    assert quantization is not None and weights.data is not None
    centred = weights.data.astype(np.int64) - _along(quantization, weights)
    if axis is None:
        peaks = np.abs(centred).max(keepdims=True).reshape(1)
        spread = peaks.reshape((1,) * centred.ndim)
    else:
        others = tuple(place for place in range(centred.ndim) if place != axis)
        spread = np.abs(centred).max(axis=others, keepdims=True)
        peaks = spread.reshape(-1)
    if quantization.per_channel and (axis is None or quantization.axis != axis):
        raise ModelError(
            f"The weights {weights.index} {weights.name!r} are quantized along dimension "
            f"{quantization.axis}, which no INT8 kernel reads.",
            "Quantize the float model again.",
        )
    factors = np.maximum(peaks / INT8_PEAK, 1.0)
    limit = np.maximum(spread, INT8_PEAK)
    values = np.rint(centred * INT8_PEAK / limit).astype(np.int64)
    scales = (quantization.scales.astype(np.float64) * factors).astype(np.float32)
    symmetric = Quantization(scales, np.zeros(len(scales), np.int64), axis or 0)
    return SymmetricWeights(
        tensor=replace(
            weights, dtype=DType.INT8, quantization=symmetric, data=values.astype(np.int8)
        ),
        factors=factors,
        changed=int(np.count_nonzero(values * limit != centred * INT8_PEAK)),
    )


def divided_bias(bias: Tensor, weights: SymmetricWeights, input_scale: float) -> Tensor:
    """The int32 `bias` (channels,) in the unit that the new weights give the accumulator."""
    assert bias.data is not None and weights.tensor.quantization is not None
    values = np.rint(bias.data.astype(np.float64).reshape(-1) / weights.factors)
    scales = (input_scale * weights.tensor.quantization.scales.astype(np.float64)).astype(
        np.float32
    )
    return replace(
        bias,
        data=values.astype(np.int32).reshape(bias.shape),
        quantization=Quantization(scales, np.zeros(len(scales), np.int64)),
    )


def _along(quantization: Quantization, tensor: Tensor) -> NDArray[np.int64]:
    """The zero points in a shape that broadcasts to the tensor's."""
    if not quantization.per_channel:
        return quantization.zero_points[:1].reshape((1,) * len(tensor.shape))
    shape = [1] * len(tensor.shape)
    shape[quantization.axis] = -1
    return quantization.zero_points.reshape(shape)
