"""TFLM's demands of the ops that compute value by value, and of SOFTMAX."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

import numpy as np

from mcuzoo.graph.fixedpoint import quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op, Tensor
from mcuzoo.graph.parameters import (
    ADD_LEFT_SHIFT,
    add_parameters,
    elementwise_requantization,
    quantization_of,
)
from mcuzoo.graph.rules import (
    MAX_LEFT_SHIFT,
    Refusal,
    arity,
    input_tensor,
    known_activation,
    output_tensor,
    same_shape,
    shifts_in_range,
)
from mcuzoo.graph.rules_other import broadcast_shape
from mcuzoo.graph.rules_other import softmax as int8_softmax
from mcuzoo.graph.tflm_rules import (
    REAL,
    carried,
    factor_in_range,
    fixed_output,
    one_to_one,
    operand,
    per_tensor,
    same_type,
)

MAX_BROADCAST_RANK = 4
COMPARED = frozenset((DType.FLOAT32, DType.INT8, DType.INT16, DType.INT32, DType.INT64))
# EvalQuantizeReference: input type -> output types.
QUANTIZED_TO: dict[DType, tuple[DType, ...]] = {
    DType.FLOAT32: (DType.INT8, DType.INT16),
    DType.INT32: (DType.INT8, DType.INT16),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.UINT8: (DType.INT8,),
}
DEQUANTIZED = frozenset((DType.INT8, DType.INT16, DType.UINT8))
_HARD_SWISH_FINER = np.float32(1 / 128)
_RELUISH_SCALE = np.float32(3 / 32768)


def add(model: Model, op: Op) -> None:
    """ADD with NumPy broadcasting."""
    _, _, target = _pair(model, op)
    known_activation(op)
    if target.dtype is DType.INT8:
        _sum_in_range(int(add_parameters(model, op).to.shifts[0]), target)


def subtract(model: Model, op: Op) -> None:
    """SUB with NumPy broadcasting; its factors are formed in float32."""
    first, second, target = _pair(model, op)
    known_activation(op)
    if target.dtype is DType.INT8:
        scales = [quantization_of(tensor).scales[0] for tensor in (first, second, target)]
        twice_larger = np.float32(2) * max(scales[:2])
        real = twice_larger / (np.float32(2**ADD_LEFT_SHIFT) * scales[2])
        _sum_in_range(quantize_multiplier(float(real))[1], target)


def multiply(model: Model, op: Op) -> None:
    """MUL with NumPy broadcasting."""
    first, second, target = _pair(model, op)
    known_activation(op)
    if target.dtype is DType.INT8:
        scales = [quantization_of(tensor).scale for tensor in (first, second, target)]
        factor_in_range(scales[0] * scales[1] / scales[2])


def prelu(model: Model, op: Op) -> None:
    """PRELU: alpha broadcasts to the input."""
    source, alpha, target = _pair(model, op)
    same_shape(target, source.shape)
    if target.dtype is DType.INT8:
        scales = [quantization_of(tensor).scale for tensor in (source, alpha, target)]
        factor_in_range(scales[0] / scales[2])
        factor_in_range(scales[0] * scales[1] / scales[2])


def compared(model: Model, op: Op) -> None:
    """MAXIMUM and MINIMUM with NumPy broadcasting; values are compared as they are stored."""
    _pair(model, op, carried, COMPARED)


def rectified(model: Model, op: Op) -> None:
    """RELU and RELU6."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        shifts_in_range(elementwise_requantization(model, op).shifts)


def leaky_relu(model: Model, op: Op) -> None:
    """LEAKY_RELU."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    alpha = float(op.options["alpha"])
    if not (math.isfinite(alpha) and alpha >= 0):
        raise Refusal(f"its alpha is {alpha:g}")
    if source.dtype is DType.INT8:
        before, after = quantization_of(source).scale, quantization_of(target).scale
        factor_in_range(before / after)
        factor_in_range(before * alpha / after)


def hard_swish(model: Model, op: Op) -> None:
    """HARD_SWISH."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    if source.dtype is not DType.INT8:
        return
    finer = _HARD_SWISH_FINER * quantization_of(source).scales[0]
    if quantize_multiplier(float(finer / quantization_of(target).scales[0]))[1] > 0:
        raise Refusal("has a scale too small for the input's", target.index)
    if quantize_multiplier(float(finer / _RELUISH_SCALE))[1] > MAX_LEFT_SHIFT:
        raise Refusal("has a scale too large", source.index)


def logistic(model: Model, op: Op) -> None:
    """LOGISTIC, to 1/256 with zero point -128."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        fixed_output(target, 256, -128)


def tanh(model: Model, op: Op) -> None:
    """TANH, to 1/128 with zero point 0."""
    source, target = one_to_one(model, op)
    same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        fixed_output(target, 128, 0)


def softmax(model: Model, op: Op) -> None:
    """SOFTMAX over the last dimension."""
    source, target = one_to_one(model, op)
    if source.dtype is DType.INT8:
        int8_softmax(model, op)
        return
    same_shape(target, source.shape)
    if not source.shape:
        raise Refusal("has no dimension", source.index)
    if not math.isfinite(float(op.options["beta"])):
        raise Refusal(f"its beta is {op.options['beta']}")


def quantize(model: Model, op: Op) -> None:
    """QUANTIZE: from floats, or from one integer type to another."""
    arity(op, range(1, 2))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    operand(source, QUANTIZED_TO.keys())
    carried(target, QUANTIZED_TO[source.dtype])
    per_tensor(target)
    same_shape(target, source.shape)
    if source.dtype is not DType.FLOAT32:
        factor_in_range(quantization_of(source).scale / quantization_of(target).scale)


def dequantize(model: Model, op: Op) -> None:
    """DEQUANTIZE to float32."""
    arity(op, range(1, 2))
    source, target = input_tensor(model, op, 0), output_tensor(model, op)
    operand(source, DEQUANTIZED)
    carried(target, (DType.FLOAT32,))
    same_shape(target, source.shape)


def _pair(
    model: Model,
    op: Op,
    check: Callable[[Tensor, Collection[DType], int], None] = operand,
    types: Collection[DType] = REAL,
) -> tuple[Tensor, Tensor, Tensor]:
    """(first, second, output), of one of `types`, broadcast; `check` looks at each."""
    arity(op, range(2, 3))
    first, second = (input_tensor(model, op, place) for place in (0, 1))
    target = output_tensor(model, op)
    for tensor in (first, second, target):
        check(tensor, types, MAX_BROADCAST_RANK)
        same_type(tensor, first)
    same_shape(target, broadcast_shape(first, second))
    return first, second, target


def _sum_in_range(shift: int, target: Tensor) -> None:
    """QuantizeMultiplierSmallerThanOneExp aborts on a factor of 1 or more."""
    if shift > 0:
        raise Refusal("has a scale too small for the inputs'", target.index)
