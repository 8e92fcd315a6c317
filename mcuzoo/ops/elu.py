"""ELU: x, or exp(x) - 1 below zero, as a table of its output for every int8 value.

TFLM makes the same table when it starts, in float32. Source: tensorflow/lite/micro/kernels/elu.cc.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.lookup import EVERY_VALUE, Unary
from mcuzoo.ops.common.reference import saturated
from mcuzoo.ops.operator import Operator, Tflm, Without

_MAX_REAL = 2.0**30
"""Larger outputs would overflow TFLM's conversion to int32."""


def rule(model: Model, op: Op) -> None:
    """int8."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """int8 or floats."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    source, target = rules.one_to_one(model, op, kinds)
    rules.same_shape(target, source.shape)
    if source.dtype is DType.INT8:
        largest = 255 * quantization_of(source).scale / quantization_of(target).scale
        if largest >= _MAX_REAL:
            raise rules.Refusal("has a scale too small for the input's", target.index)


def outputs_of(model: Model, op: Op) -> NDArray[np.int8]:
    """int8 (256,): the outputs for the inputs -128 to 127."""
    source, target = (
        quantization_of(model.tensor(index)) for index in (op.inputs[0], op.outputs[0])
    )
    values = EVERY_VALUE.astype(np.int64) - source.zero_point
    real = source.scales[0] * values.astype(np.float32)
    # The C library's expf is within a hair of the exact value rounded to float32; numpy's is not.
    below = np.exp(np.minimum(real, 0).astype(np.float64)).astype(np.float32) - np.float32(1)
    steps = np.where(real < 0, below, real) * (np.float32(1) / target.scales[0])
    whole = np.floor(np.abs(steps))
    rounded = np.copysign(whole + (np.abs(steps) - whole >= 0.5), steps)
    output = (rounded + np.float32(target.zero_point)).astype(np.int64)
    return saturated(output)


OPERATOR = Operator(
    name="ELU",
    aot=Unary(outputs_of).aot(rule),
    tflm=Tflm(resolver="AddElu", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
