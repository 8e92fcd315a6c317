"""ADD with NumPy broadcasting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import multiply_by_quantized_multiplier, quantize_multiplier
from mcuzoo.graph.model import DType, Model, Op
from mcuzoo.graph.parameters import Requantization, quantization_of, to_output
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.constant import Constant
from mcuzoo.lowering.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.operands import constant_bytes, rank_four
from mcuzoo.lowering.params import CStruct, KernelParams, RowWindow, Setting, Shape, pieces
from mcuzoo.ops.common import rules
from mcuzoo.ops.common.reference import Kernel, given, requantize
from mcuzoo.ops.operator import Aot, Operator, Rewrite, Tflm

ADD_LEFT_SHIFT = 20


@dataclass(frozen=True)
class Addend:
    zero_point: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class AddParameters:
    """Both addends are shifted left by ADD_LEFT_SHIFT, then brought to twice the larger scale."""

    addends: tuple[Addend, Addend]
    to: Requantization


def add_parameters(model: Model, op: Op) -> AddParameters:
    addends = [quantization_of(model.tensor(index)) for index in op.inputs]
    output = model.tensor(op.outputs[0])
    twice_larger = 2 * max(addend.scale for addend in addends)
    first, second = (
        Addend(addend.zero_point, *quantize_multiplier(addend.scale / twice_larger))
        for addend in addends
    )
    real = twice_larger / (2**ADD_LEFT_SHIFT * quantization_of(output).scale)
    return AddParameters((first, second), to_output(op, output, np.array([real])))


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
        rules.sum_in_range(int(add_parameters(model, op).to.shifts[0]), target)


def reference(model: Model, op: Op) -> Kernel:
    parameters = add_parameters(model, op)

    def scaled(values: NDArray[Any], addend: Addend) -> NDArray[np.int32]:
        shifted = (values.astype(np.int64) - addend.zero_point) << ADD_LEFT_SHIFT
        return multiply_by_quantized_multiplier(shifted, addend.multiplier, addend.shift)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        first, second = parameters.addends
        total = scaled(given(inputs, 0), first) + scaled(given(inputs, 1), second)
        return requantize(total, parameters.to)

    return run


@dataclass(frozen=True)
class AddOperandStruct(CStruct):
    c_type = "mz_add_operand"
    strides: tuple[int, int, int, int]
    zero_point: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class AddParams(KernelParams):
    c_type = "mz_add_params"
    sizes: tuple[int, int, int, int]
    operands: tuple[AddOperandStruct, AddOperandStruct]
    output_zero_point: int
    output_multiplier: int
    output_shift: int
    minimum: int
    maximum: int

    def by_rows(self, op: Op, source: Shape, target: Shape) -> RowWindow | None:
        """Operands of one shape are a run of elements."""
        dense = broadcast_strides(self.sizes)
        if self.sizes[:3] != (1, 1, 1) or any(one.strides != dense for one in self.operands):
            return None
        return RowWindow(1, 1, 0, (Setting("sizes[3]", "output_rows", prod(target[2:])),))

    def passes(self, constant: Constant) -> int:
        """A broadcast operand is read again for every repetition."""
        return pieces(prod(self.sizes), constant.values.size)


Strides = tuple[int, int, int, int]


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    first, second = (rank_four(model.tensor(index).shape, 1) for index in op.inputs)
    sizes = rank_four(model.tensor(op.outputs[0]).shape, 1)
    parameters = add_parameters(model, op)
    if first == second:
        # One loop over all elements, instead of four nested loops.
        sizes = first = second = (1, 1, 1, model.tensor(op.outputs[0]).elements)
    to = parameters.to
    params = AddParams(
        sizes=sizes,
        operands=(
            _operand(parameters.addends[0], broadcast_strides(first)),
            _operand(parameters.addends[1], broadcast_strides(second)),
        ),
        output_zero_point=to.output_zero_point,
        output_multiplier=int(to.multipliers[0]),
        output_shift=int(to.shifts[0]),
        minimum=to.minimum,
        maximum=to.maximum,
    )
    # A broadcast operand is read again and again.
    dense = broadcast_strides(sizes)
    overlaps = tuple(
        ELEMENT_BY_ELEMENT if operand.strides == dense else None for operand in params.operands
    )
    return direct_work(program, step, params, op.inputs, overlaps)


def broadcast_strides(shape: tuple[int, int, int, int]) -> Strides:
    """How far a step along each axis moves in a dense tensor; 0 where it has one element."""
    strides = [0, 0, 0, 0]
    elements = 1
    for axis in (3, 2, 1, 0):
        strides[axis] = elements if shape[axis] > 1 else 0
        elements *= shape[axis]
    return strides[0], strides[1], strides[2], strides[3]


def _operand(addend: Addend, strides: Strides) -> AddOperandStruct:
    return AddOperandStruct(strides, addend.zero_point, addend.multiplier, addend.shift)


def _constant_bytes(model: Model, op: Op) -> int:
    return constant_bytes(model, op.inputs)


OPERATOR = Operator(
    name="ADD",
    aot=Aot(
        constraint="int8, rank <= 4, broadcasting",
        rule=rule,
        reference=reference,
        prepare=prepare,
        variants=(Direct("mz_add_s8"),),
        constant_bytes=_constant_bytes,
    ),
    tflm=Tflm(resolver="AddAdd", rule=demands),
    rewrite=Rewrite(int8_version=2, weights=None, output="any"),
)
