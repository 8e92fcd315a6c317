"""TANH, as a table of its output for every int8 value.

Sources: tensorflow/lite/kernels/internal/reference/integer_ops/tanh.h, Prepare in
tensorflow/lite/micro/kernels/tanh.cc, and gemmlowp's fixedpoint.h.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import (
    exp_of_negative,
    one_minus_over_one_plus,
    rounding_divide_by_pot,
)
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.lookup import Unary
from mcuzoo.ops.logistic import INTEGER_BITS, saturating_argument
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """int8, to 1/128 with zero point 0."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """int8, to 1/128 with zero point 0; or floats."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        rules.fixed_output(target, 128, 0)


def outputs_of(model: Model, op: Op) -> NDArray[np.int8]:
    """int8 (256,): the outputs for the inputs -128 to 127."""
    x, beyond = saturating_argument(quantization_of(model.tensor(op.inputs[0])))
    # Twice the argument, in one integer bit more: the same number.
    magnitude = one_minus_over_one_plus(exp_of_negative(-np.abs(x), INTEGER_BITS + 1))
    inside = np.clip(rounding_divide_by_pot(np.sign(x) * magnitude, 31 - 7), -128, 127)
    return np.select((beyond < 0, beyond > 0), (-128, 127), inside).astype(np.int8)


OPERATOR = Operator(
    name="TANH",
    aot=Unary(outputs_of).aot(rule),
    tflm=Tflm(resolver="AddTanh", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
