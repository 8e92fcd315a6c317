"""ADD with NumPy broadcasting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import quantization_of, to_output
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.addends import Addends, AddExactDspParams, AddParams, addend
from mcuzoo.ops.common.binary import Binary, Quick
from mcuzoo.ops.common.broadcast import Broadcast
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.kernels.sum_dsp import AddDspParams
from mcuzoo.ops.operator import Operator, Rewrite, Tflm

HEADROOM = 20


def addends(model: Model, op: Op) -> Addends:
    first, second = (quantization_of(model.tensor(index)) for index in op.inputs)
    output = model.tensor(op.outputs[0])
    twice_larger = 2 * max(first.scale, second.scale)
    real = twice_larger / (2**HEADROOM * quantization_of(output).scale)
    both = (
        addend(first.zero_point, first.scale / twice_larger),
        addend(second.zero_point, second.scale / twice_larger),
    )
    return Addends(HEADROOM, both, to_output(op, output, np.array([real])))


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
        return requantize(first + second, numbers.to)

    return run


def params(model: Model, op: Op, broadcast: Broadcast) -> AddParams:
    return addends(model, op).params(broadcast)


def line(model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel) -> AddDspParams | None:
    return addends(model, op).line(model, op, broadcast, arithmetic, 1)


def exact(
    model: Model, op: Op, broadcast: Broadcast, arithmetic: Kernel
) -> AddExactDspParams | None:
    return addends(model, op).exact(model, op, broadcast, 1)


QUICK = (Quick("mz_add_s8_dsp", line), Quick("mz_add_exact_s8_dsp", exact))

OPERATOR = Operator(
    name="ADD",
    aot=Binary("mz_add_s8", params, reference, QUICK).aot(rule),
    tflm=Tflm(resolver="AddAdd", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="any"),
)
