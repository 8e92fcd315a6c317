"""From scales to integers: what each INT8 kernel needs, prepared as TFLM's Prepare does.

Where TFLM forms a product or quotient in float32 before it widens to double, so does this file:
the last bit of a multiplier hangs on it. All functions expect ops that `coverage` accepts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import (
    activation_range,
    quantize_multiplier,
    quantize_multipliers,
    quantize_value,
)
from mcuzoo.graph.model import Model, Op, Quantization, Tensor

ADD_LEFT_SHIFT = 20
SOFTMAX_DIFFERENCE_BITS = 5


@dataclass(frozen=True)
class Requantization:
    """From int32 accumulators to int8: int32 (n,) multipliers and shifts, n = 1 or channels."""

    multipliers: NDArray[np.int32]
    shifts: NDArray[np.int32]
    output_zero_point: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Addend:
    zero_point: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class AddParameters:
    """Both addends are shifted left by ADD_LEFT_SHIFT, then brought to twice the larger scale."""

    addends: tuple[Addend, Addend]
    to: Requantization


@dataclass(frozen=True)
class SoftmaxParameters:
    """A difference to the row's maximum, times this, is in Q5.26; below difference_min it is 0."""

    multiplier: int
    shift: int
    difference_min: int


def quantization_of(tensor: Tensor) -> Quantization:
    if tensor.quantization is None:
        raise ValueError(f"tensor {tensor.index} is not quantized")
    return tensor.quantization


def _activation(op: Op) -> str:
    return str(op.options.get("fused_activation_function", "NONE"))


def _to_output(op: Op, output: Tensor, reals: NDArray[np.float64]) -> Requantization:
    quantization = quantization_of(output)
    multipliers, shifts = quantize_multipliers(reals)
    zero_point = quantization.zero_point
    low, high = activation_range(_activation(op), quantization.scale, zero_point)
    return Requantization(multipliers, shifts, zero_point, low, high)


def weighted_requantization(model: Model, op: Op) -> Requantization:
    """Of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED.

    input scale * weight scale / output scale, in double, for every output channel; a
    FULLY_CONNECTED of one weight scale multiplies the first two in float32.
    """
    source, weights = (quantization_of(model.tensor(index)) for index in op.inputs[:2])
    output = model.tensor(op.outputs[0])
    scales = weights.scales.astype(np.float64)
    if op.name == "FULLY_CONNECTED" and not weights.per_channel:
        products = (source.scales[:1] * weights.scales).astype(np.float64)
    else:
        products = source.scale * scales
    return _to_output(op, output, products / quantization_of(output).scale)


def add_parameters(model: Model, op: Op) -> AddParameters:
    addends = [quantization_of(model.tensor(index)) for index in op.inputs]
    output = model.tensor(op.outputs[0])
    twice_larger = 2 * max(addend.scale for addend in addends)
    first, second = (
        Addend(addend.zero_point, *quantize_multiplier(addend.scale / twice_larger))
        for addend in addends
    )
    real = twice_larger / (2**ADD_LEFT_SHIFT * quantization_of(output).scale)
    return AddParameters((first, second), _to_output(op, output, np.array([real])))


def mean_requantization(model: Model, op: Op, count: int) -> Requantization:
    """For sums of `count` elements: input scale / output scale / count.

    The division by count is folded into the mantissa, which is first shifted left by the bits of
    count so that it keeps its precision (QuantizedMeanOrSum in reference/reduce.h).
    """
    source = quantization_of(model.tensor(op.inputs[0]))
    target = quantization_of(model.tensor(op.outputs[0]))
    mantissa, shift = quantize_multiplier(source.scale / target.scale)
    spare = min(count.bit_length() - 1, 32, 31 + shift)
    multipliers = np.array([(mantissa << spare) // count], dtype=np.int32)
    shifts = np.array([shift - spare], dtype=np.int32)
    return Requantization(multipliers, shifts, target.zero_point, -128, 127)


def elementwise_requantization(model: Model, op: Op) -> Requantization:
    """Of RELU, RELU6 and QUANTIZE int8 to int8, for input values less the input's zero point.

    RELU divides the scales in float32; RELU6 does not rescale at all, TFLM's reads its output in
    the input's scale.
    """
    source = quantization_of(model.tensor(op.inputs[0]))
    target = quantization_of(model.tensor(op.outputs[0]))
    if op.name == "RELU6":
        zero, six = source.zero_point, quantize_value(6.0, source.scale, source.zero_point)
        multipliers, shifts = quantize_multipliers(np.ones(1))
        return Requantization(multipliers, shifts, zero, zero, min(six, 127))
    if op.name == "RELU":
        ratio = float(source.scales[0] / target.scales[0])
        low = max(-128, target.zero_point)
    else:
        ratio, low = source.scale / target.scale, -128
    multipliers, shifts = quantize_multipliers(np.array([ratio]))
    return Requantization(multipliers, shifts, target.zero_point, low, 127)


def softmax_parameters(model: Model, op: Op) -> SoftmaxParameters:
    """PreprocessSoftmaxScaling and CalculateInputRadius of quantization_util.cc."""
    fraction_bits = 31 - SOFTMAX_DIFFERENCE_BITS
    real = softmax_scale(model, op)
    multiplier, shift = quantize_multiplier(min(real, 2.0**31 - 1.0))
    radius = (2**SOFTMAX_DIFFERENCE_BITS - 1) * 2**fraction_bits / 2**shift
    return SoftmaxParameters(multiplier, shift, -floor(radius))


def softmax_scale(model: Model, op: Op) -> float:
    """beta * input scale in units of 2**-26."""
    scale = quantization_of(model.tensor(op.inputs[0])).scale
    beta = float(op.options["beta"])
    return float(beta * scale * 2 ** (31 - SOFTMAX_DIFFERENCE_BITS))
