"""SQUARED_DIFFERENCE, (x - y) ** 2, with NumPy broadcasting.

Source: tensorflow/lite/micro/kernels/squared_difference.cc.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of, to_output
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.operands import describe, symbol
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.addends import Addends, AddParams, addend
from mcuzoo.ops.common.binary import Binary, Quick
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast
from mcuzoo.ops.common.lookup import EVERY_VALUE
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.operator import Operator, Tflm, Without

HEADROOM = 7
"""The square of the largest difference just fits into 30 bits."""


def addends(model: Model, op: Op) -> Addends:
    first, second = (quantization_of(model.tensor(index)) for index in op.inputs)
    output = model.tensor(op.outputs[0])
    twice_larger = 2 * max(first.scale, second.scale)
    fine = 2 ** (2 * HEADROOM) * quantization_of(output).scale
    both = (
        addend(first.zero_point, first.scale / twice_larger),
        addend(second.zero_point, second.scale / twice_larger),
    )
    return Addends(HEADROOM, both, to_output(op, output, np.array([twice_larger**2 / fine])))


def rule(model: Model, op: Op) -> None:
    """The operands may be any int8 tensors."""
    _, _, target = rules.broadcast_operands(model, op, rules.INT8)
    rules.sum_in_range(int(addends(model, op).to.shifts[0]), target)


def demands(model: Model, op: Op) -> None:
    """The operands may be int8 or float tensors."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    _, _, target = rules.broadcast_operands(model, op, kinds)
    if target.dtype is DType.INT8:
        rules.shifts_in_range(addends(model, op).to.shifts)


def reference(model: Model, op: Op) -> Kernel:
    numbers = addends(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        first, second = (numbers.scaled(place, given(inputs, place)) for place in (0, 1))
        return requantize((first - second) ** 2, numbers.to)

    return run


def params(model: Model, op: Op, broadcast: Broadcast) -> AddParams:
    return addends(model, op).params(broadcast)


@dataclass(frozen=True)
class SquaredDifferenceDspParams(BinaryParams):
    """As mz_squared_difference_s8_dsp.h has them. others: int16 [256], what is added to 64 times a
    value of the operand with the larger scale; turned: 1 where that is the second one. multiplier,
    offset, shift: from squares to outputs.
    """

    c_type = "mz_squared_difference_s8_dsp_params"
    others: Constant
    turned: int
    multiplier: int
    offset: int
    shift: int


def line(
    model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel
) -> SquaredDifferenceDspParams | None:
    """The operand of the larger scale is exact on the common scale; the other one is looked up.
    From their squares to the output goes a line, proven by trying all pairs of values."""
    numbers = addends(model, op)
    scales = [quantization_of(model.tensor(index)).scale for index in op.inputs]
    turned = scales[1] > scales[0]
    every = EVERY_VALUE
    other = numbers.scaled(0 if turned else 1, every)
    own = numbers.scaled(1 if turned else 0, every)
    table = own[0] - _UNIT * every[0].astype(np.int64) - other
    differences = np.unique(own[:, None] - other)
    squares = differences**2
    outputs = requantize(squares, numbers.to).astype(np.int64) + 128
    right = -int(numbers.to.shifts[0])
    multiplier, zero_point = int(numbers.to.multipliers[0]), numbers.to.output_zero_point
    shift = right - 1
    if not 1 <= shift <= _MOST_RIGHT or np.abs(table).max() >= 1 << 15:
        return None
    lowest = np.where(outputs == 0, -_INT32, outputs << shift)
    highest = np.where(outputs == 255, _INT32, (outputs + 1 << shift) - 1)
    for near in _NEARBY:
        if not 0 < multiplier + near < _INT32:
            continue
        high = squares * (multiplier + near) >> 32
        least, most = int((lowest - high).max()), int((highest - high).min())
        offset = max(least, min(most, (1 << shift - 1) + (zero_point + 128 << shift)))
        if least <= most and int(high.max()) + offset < 1 << 15 + shift and abs(offset) < _INT32:
            described = describe(model.tensor(op.inputs[0 if turned else 1]))
            meaning = ("What is added to 64 times a value, for -128 to 127, of", *described)
            constant = Constant(symbol(op, "others"), table.astype(np.int16), meaning)
            return SquaredDifferenceDspParams(
                broadcast, constant, int(turned), multiplier + near, offset, shift
            )
    return None


_UNIT = 1 << HEADROOM - 1
"""Of the operand with the larger scale, whose factor is a half."""

_INT32 = 1 << 31
_MOST_RIGHT = 21
_NEARBY = tuple(step * sign for step in (0, 1, 2, 3, 5, 8, 13, 21, 64, 256) for sign in (1, -1))
"""What is added to the multiplier in search of a line."""

OPERATOR = Operator(
    name="SQUARED_DIFFERENCE",
    aot=Binary(
        "mz_squared_difference_s8",
        params,
        reference,
        (Quick("mz_squared_difference_s8_dsp", line),),
    ).aot(rule),
    tflm=Tflm(resolver="AddSquaredDifference", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
