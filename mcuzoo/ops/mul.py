"""MUL with NumPy broadcasting.

Sources: tensorflow/lite/micro/kernels/mul_common.cc and
tensorflow/lite/kernels/internal/reference/integer_ops/mul.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import Requantization, quantization_of, to_output
from mcuzoo.lowering.operands import MAX_DIFFERENCE
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.binary import Binary, Quick
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.operator import Operator, Tflm, Without


def requantization(model: Model, op: Op) -> Requantization:
    """Of products of two values less their zero points."""
    first, second = (quantization_of(model.tensor(index)).scale for index in op.inputs)
    output = model.tensor(op.outputs[0])
    real = first * second / quantization_of(output).scale
    return to_output(op, output, np.array([real]))


def rule(model: Model, op: Op) -> None:
    """The operands may be any int8 tensors."""
    rules.broadcast_operands(model, op, rules.INT8)
    rules.known_activation(op)
    shift = int(requantization(model, op).shifts[0])
    rules.shifts_in_range(shift)
    rules.requantizable(shift, MAX_DIFFERENCE**2, rules.output_tensor(model, op))


def demands(model: Model, op: Op) -> None:
    """The operands may be int8 or float tensors."""
    _, _, target = rules.broadcast_operands(model, op)
    rules.known_activation(op)
    if target.dtype is DType.INT8:
        rules.shifts_in_range(requantization(model, op).shifts)


def reference(model: Model, op: Op) -> Kernel:
    to = requantization(model, op)
    zero_points = [quantization_of(model.tensor(index)).zero_point for index in op.inputs]

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        first, second = (
            given(inputs, place).astype(np.int64) - zero_points[place] for place in (0, 1)
        )
        return requantize(first * second, to)

    return run


@dataclass(frozen=True)
class MulParams(BinaryParams):
    """As mz_mul_s8.h has them. first_zero_point, second_zero_point, output_zero_point: of each.
    multiplier, shift: product of the factors' scales / output scale. minimum, maximum: the fused
    activation as int8 values of the output.
    """

    c_type = "mz_mul_params"
    first_zero_point: int
    second_zero_point: int
    multiplier: int
    shift: int
    output_zero_point: int
    minimum: int
    maximum: int


def params(model: Model, op: Op, broadcast: Broadcast) -> MulParams:
    to = requantization(model, op)
    first, second = (quantization_of(model.tensor(index)).zero_point for index in op.inputs)
    return MulParams(
        axes=broadcast,
        first_zero_point=first,
        second_zero_point=second,
        multiplier=int(to.multipliers[0]),
        shift=int(to.shifts[0]),
        output_zero_point=to.output_zero_point,
        minimum=to.minimum,
        maximum=to.maximum,
    )


@dataclass(frozen=True)
class MulDspParams(BinaryParams):
    """As mz_mul_s8_dsp.h has them. first_zero_point, second_zero_point: of each. multiplier,
    offset, shift: from products to outputs. minimum, maximum: the fused activation as int8 values
    of the output.
    """

    c_type = "mz_mul_s8_dsp_params"
    first_zero_point: int
    second_zero_point: int
    multiplier: int
    offset: int
    shift: int
    minimum: int
    maximum: int


def exact(model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel) -> MulDspParams | None:
    """Where the product of the scales is less than half of the output's scale, but not nothing."""
    to = requantization(model, op)
    right = -int(to.shifts[0])
    base = to.output_zero_point + 128
    if not 1 <= right <= _MOST_RIGHT or (MAX_DIFFERENCE**2 >> right) + base >= _HALFWORD:
        return None
    first, second = (quantization_of(model.tensor(index)).zero_point for index in op.inputs)
    return MulDspParams(
        axes=broadcast,
        first_zero_point=first,
        second_zero_point=second,
        multiplier=int(to.multipliers[0]),
        offset=(1 << right - 1) + (base << right),
        shift=right,
        minimum=to.minimum,
        maximum=to.maximum,
    )


@dataclass(frozen=True)
class MulLargeDspParams(BinaryParams):
    """As mz_mul_large_s8_dsp.h has them. first_zero_point, second_zero_point, output_zero_point: of
    each. multiplier, up: from products to outputs. minimum, maximum: the fused activation as int8
    values of the output.
    """

    c_type = "mz_mul_large_s8_dsp_params"
    first_zero_point: int
    second_zero_point: int
    multiplier: int
    up: int
    output_zero_point: int
    minimum: int
    maximum: int


def large(
    model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel
) -> MulLargeDspParams | None:
    """Where the product of the scales is half of the output's scale or more: nothing is rounded
    after a shift to the right, and `rule` keeps a shifted product within 31 bits."""
    whole = params(model, op, broadcast)
    if whole.shift < 0:
        return None
    return MulLargeDspParams(
        axes=broadcast,
        first_zero_point=whole.first_zero_point,
        second_zero_point=whole.second_zero_point,
        multiplier=whole.multiplier,
        up=whole.shift + 1,
        output_zero_point=whole.output_zero_point,
        minimum=whole.minimum,
        maximum=whole.maximum,
    )


_MOST_RIGHT = 16
"""With which the offset is within 32 bits."""

_HALFWORD = (1 << 15) - 1
"""Outputs go in pairs before they are saturated."""

QUICK = (Quick("mz_mul_s8_dsp", exact), Quick("mz_mul_large_s8_dsp", large))

OPERATOR = Operator(
    name="MUL",
    aot=Binary("mz_mul_s8", params, reference, QUICK).aot(rule),
    tflm=Tflm(resolver="AddMul", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
