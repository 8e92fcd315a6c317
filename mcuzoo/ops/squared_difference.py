"""SQUARED_DIFFERENCE, (x - y) ** 2, with NumPy broadcasting.

Source: tensorflow/lite/micro/kernels/squared_difference.cc.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of, to_output
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.addends import Addends, AddParams, addend
from mcuzoo.ops.common.binary import Binary
from mcuzoo.ops.common.broadcast import Broadcast
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


OPERATOR = Operator(
    name="SQUARED_DIFFERENCE",
    aot=Binary("mz_squared_difference_s8", params, reference).aot(rule),
    tflm=Tflm(resolver="AddSquaredDifference", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
