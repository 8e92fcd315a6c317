"""SUB with NumPy broadcasting.

Source: tensorflow/lite/micro/kernels/sub_common.cc. Until August 2026 it formed the factors in
float32, which gives other outputs in a few ties.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.ops.add import addends
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.addends import AddExactDspParams, AddParams
from mcuzoo.ops.common.binary import Binary, Quick
from mcuzoo.ops.common.broadcast import Broadcast
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.kernels.sum_dsp import AddDspParams
from mcuzoo.ops.operator import Operator, Tflm, Without


def rule(model: Model, op: Op) -> None:
    """The operands may be any int8 tensors."""
    _check(model, op, rules.INT8)


def demands(model: Model, op: Op) -> None:
    """The operands may be int8 or float tensors."""
    _check(model, op, rules.REAL)


def _check(model: Model, op: Op, kinds: Collection[DType]) -> None:
    _, _, target = rules.broadcast_operands(model, op, kinds)
    rules.known_activation(op)
    if target.dtype is DType.INT8:
        rules.sum_in_range(int(addends(model, op).to.shifts[0]), target)


def reference(model: Model, op: Op) -> Kernel:
    numbers = addends(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        first, second = (numbers.scaled(place, given(inputs, place)) for place in (0, 1))
        return requantize(first - second, numbers.to)

    return run


def params(model: Model, op: Op, broadcast: Broadcast) -> AddParams:
    return addends(model, op).params(broadcast)


def line(model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel) -> AddDspParams | None:
    return addends(model, op).line(model, op, broadcast, arithmetic, -1)


def exact(
    model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel
) -> AddExactDspParams | None:
    return addends(model, op).exact(model, op, broadcast, -1)


QUICK = (Quick("mz_add_s8_dsp", line), Quick("mz_add_exact_s8_dsp", exact))

OPERATOR = Operator(
    name="SUB",
    aot=Binary("mz_sub_s8", params, reference, QUICK).aot(rule),
    tflm=Tflm(resolver="AddSub", rule=demands),
    rewrite=Without("no exact rewrite is known"),
)
