"""Between int8 and real values at a model's ends, as TFLM's QUANTIZE and DEQUANTIZE compute."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Quantization


def dequantize(values: NDArray[np.int8], quantization: Quantization) -> NDArray[np.float32]:
    """scale * (value - zero_point), the product in float64, the result in float32; any shape."""
    centred = values.astype(np.float64) - quantization.zero_point
    return (quantization.scale * centred).astype(np.float32)


def quantize(values: NDArray[np.float32], quantization: Quantization) -> NDArray[np.int8]:
    """value / scale in float32, rounded (halves away from zero), shifted and clamped to int8."""
    steps = quantized_steps(values, quantization.scale, quantization.zero_point)
    quantized: NDArray[np.int8] = np.clip(steps, -128, 127).astype(np.int8)
    return quantized


def quantized_steps(
    values: NDArray[np.float32], scale: float, zero_point: int
) -> NDArray[np.float64]:
    """What `quantize` computes, before it clamps to int8: whole numbers of any size."""
    ratio = values.astype(np.float32) / np.float32(scale)
    bounded = np.clip(ratio, -(2.0**24), 2.0**24).astype(np.float64)
    rounded: NDArray[np.float64] = np.copysign(np.floor(np.abs(bounded) + 0.5), bounded)
    return rounded + zero_point
