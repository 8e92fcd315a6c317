"""LOGISTIC: the sigmoid, as a table of its output for every int8 value.

Sources: tensorflow/lite/kernels/internal/reference/integer_ops/logistic.h, Prepare in
tensorflow/lite/micro/kernels/logistic_common.cc, and gemmlowp's fixedpoint.h.
"""

from __future__ import annotations

from collections.abc import Collection
from math import floor

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import (
    INT32_MAX,
    exp_of_negative,
    multiply_by_quantized_multiplier,
    one_over_one_plus,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from mcuzoo.graph.model import DType, Model, Op, Quantization
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.lookup import Unary
from mcuzoo.ops.operator import Operator, Tflm, Without

INTEGER_BITS = 4
"""Inputs are Q4.27; from about 15 on, on either side, the output is the last there is."""


def rule(model: Model, op: Op) -> None:
    """int8, to 1/256 with zero point -128."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """int8, to 1/256 with zero point -128; or floats."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        rules.fixed_output(target, 256, -128)


def outputs_of(model: Model, op: Op) -> NDArray[np.int8]:
    """int8 (256,): the outputs for the inputs -128 to 127."""
    source = quantization_of(model.tensor(op.inputs[0]))
    x, beyond = saturating_argument(source)
    positive = one_over_one_plus(exp_of_negative(-np.abs(x), INTEGER_BITS))
    sigmoid = np.where(x == 0, 1 << 30, np.where(x > 0, positive, INT32_MAX - positive))
    inside = np.minimum(rounding_divide_by_pot(sigmoid, 31 - 8) - 128, 127)
    return np.select((beyond < 0, beyond > 0), (-128, 127), inside).astype(np.int8)


def saturating_argument(source: Quantization) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """int64 (256,) each: the values -128 to 127 in Q4.27, and where these would overflow, which is
    1 above and -1 below the range, and 0 inside. Same as in Prepare of TFLM's LOGISTIC and TANH."""
    fraction = 2.0 ** (31 - INTEGER_BITS)
    multiplier, shift = quantize_multiplier(source.scale * fraction)
    radius = floor((2**INTEGER_BITS - 1) * fraction / 2.0**shift)
    inputs = np.arange(-128, 128, dtype=np.int64) - source.zero_point
    # The lower end comes first: a radius of 0 leaves no value inside.
    beyond = np.where(inputs <= -radius, -1, inputs >= radius).astype(np.int64)
    kept = np.where(np.abs(inputs) < radius, inputs, 0)
    return multiply_by_quantized_multiplier(kept, multiplier, shift).astype(np.int64), beyond


OPERATOR = Operator(
    name="LOGISTIC",
    aot=Unary(outputs_of).aot(rule),
    tflm=Tflm(resolver="AddLogistic", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
