"""Scales as integers: what all INT8 kernels share.

Where TFLM forms a product or quotient in float32 before it widens to double, so do the operators'
files: the last bit of a multiplier hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import activation_range, quantize_multipliers
from mcuzoo.graph.model import Op, Quantization, Tensor


@dataclass(frozen=True)
class Requantization:
    """From int32 accumulators to int8: int32 (n,) multipliers and shifts, n = 1 or channels.

    minimum, maximum: what the output is clamped to, its activation function included.
    output_zero_point: added before the clamp.
    """

    multipliers: NDArray[np.int32]
    shifts: NDArray[np.int32]
    output_zero_point: int
    minimum: int
    maximum: int


def quantization_of(tensor: Tensor) -> Quantization:
    if tensor.quantization is None:
        raise ValueError(f"tensor {tensor.index} is not quantized")
    return tensor.quantization


def _activation(op: Op) -> str:
    return str(op.options.get("fused_activation_function", "NONE"))


def to_output(op: Op, output: Tensor, reals: NDArray[np.float64]) -> Requantization:
    quantization = quantization_of(output)
    multipliers, shifts = quantize_multipliers(reals)
    zero_point = quantization.zero_point
    low, high = activation_range(_activation(op), quantization.scale, zero_point)
    return Requantization(multipliers, shifts, zero_point, low, high)
