"""ABS and RSQRT (1 / sqrt(x)), as tables of their outputs for every int8 value.

Source: tensorflow/lite/micro/kernels/elementwise.cc. Until August 2026 it formed the factors in
float32, which gives other outputs in a few ties.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import (
    inverse_square_root,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.lookup import EVERY_VALUE, Unary
from mcuzoo.ops.common.reference import saturated
from mcuzoo.ops.operator import Operator, Tflm, Without

_RSQRT_SHIFT = 20
"""Bits that keep 1 / sqrt(x) an integer between its two factors."""

LOWEST = -128


def abs_rule(model: Model, op: Op) -> None:
    """int8."""
    _check_abs(model, op, rules.INT8)


def abs_demands(model: Model, op: Op) -> None:
    """int8 or floats."""
    _check_abs(model, op, rules.REAL)


def _check_abs(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        rules.factor_in_range(_abs_factor(model, op))


def _abs_factor(model: Model, op: Op) -> float:
    source, target = (
        quantization_of(model.tensor(index)).scale for index in (op.inputs[0], op.outputs[0])
    )
    return source / target


def abs_outputs(model: Model, op: Op) -> NDArray[np.int8]:
    """int8 (256,): the outputs for the inputs -128 to 127."""
    source, target = (
        quantization_of(model.tensor(index)) for index in (op.inputs[0], op.outputs[0])
    )
    values = np.abs(EVERY_VALUE.astype(np.int64) - source.zero_point)
    if source.scales[0] != target.scales[0]:
        factor = quantize_multiplier(_abs_factor(model, op))
        values = multiply_by_quantized_multiplier(values, *factor).astype(np.int64)
    return saturated(values + target.zero_point)


def rsqrt_rule(model: Model, op: Op) -> None:
    """int8 that holds no negative value: zero point -128."""
    _check_rsqrt(model, op, rules.INT8)


def rsqrt_demands(model: Model, op: Op) -> None:
    """int8 that holds no negative value, or floats. TFLM fails where it meets a negative value."""
    _check_rsqrt(model, op, rules.REAL)


def _check_rsqrt(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    if source.dtype is not DType.INT8:
        return
    if quantization_of(source).zero_point != LOWEST:
        raise rules.Refusal("may be negative: its zero point is not -128", source.index)
    shift = _rsqrt_factor(model, op)[1] - _RSQRT_SHIFT
    if not -31 <= shift <= rules.MAX_LEFT_SHIFT:
        raise rules.Refusal("its scales are too far apart for 32-bit fixed point")


def _rsqrt_factor(model: Model, op: Op) -> tuple[int, int]:
    source, target = (
        quantization_of(model.tensor(index)).scale for index in (op.inputs[0], op.outputs[0])
    )
    return quantize_multiplier(1.0 / (math.sqrt(source) * target))


def rsqrt_outputs(model: Model, op: Op) -> NDArray[np.int8]:
    """int8 (256,): the outputs for the inputs -128 to 127; the largest for zero."""
    target = quantization_of(model.tensor(op.outputs[0]))
    multiplier, shift = _rsqrt_factor(model, op)
    roots = [inverse_square_root(value) for value in range(1, 256)]
    mantissas, shifts = np.array(roots, dtype=np.int64).T
    data = multiply_by_quantized_multiplier(
        np.ones(255, np.int64), mantissas.astype(np.int32), (shifts + _RSQRT_SHIFT).astype(np.int32)
    )
    scaled = multiply_by_quantized_multiplier(data, multiplier, shift - _RSQRT_SHIFT)
    output = scaled.astype(np.int64) + target.zero_point
    return saturated(np.concatenate(([127], output)))


ABS = Operator(
    name="ABS",
    aot=Unary(abs_outputs).aot(abs_rule),
    tflm=Tflm(resolver="AddAbs", rule=abs_demands),
    rewrite=Without("no exact rewrite is known"),
)
RSQRT = Operator(
    name="RSQRT",
    aot=Unary(rsqrt_outputs).aot(rsqrt_rule, "int8 with zero point -128"),
    tflm=Tflm(resolver="AddRsqrt", rule=rsqrt_demands),
    rewrite=Without("no exact rewrite is known"),
)
