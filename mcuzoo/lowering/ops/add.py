"""ADD with broadcasting."""

from __future__ import annotations

from mcuzoo.graph.parameters import Addend, add_parameters
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.ops.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.ops.rank import rank_four
from mcuzoo.lowering.params import AddOperandStruct, AddParams

Strides = tuple[int, int, int, int]


def prepare(program: Program, step: Step) -> DirectWork:
    model, op = program.model, step.op
    first, second = (rank_four(model.tensor(index).shape, 1) for index in op.inputs)
    sizes = rank_four(model.tensor(op.outputs[0]).shape, 1)
    parameters = add_parameters(model, op)
    if first == second:
        # One run of all elements, instead of four nested loops.
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


VARIANTS = (Direct("mz_add_s8"),)
