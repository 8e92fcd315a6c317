"""QUANTIZE int8 to int8, RELU and RELU6."""

from __future__ import annotations

from mcuzoo.graph.parameters import elementwise_requantization, quantization_of
from mcuzoo.graph.program import Program, Step
from mcuzoo.lowering.ops.direct import ELEMENT_BY_ELEMENT, Direct, DirectWork, direct_work
from mcuzoo.lowering.ops.limits import MAX_DIFFERENCE, require_room
from mcuzoo.lowering.params import RequantizeParams


def prepare(program: Program, step: Step) -> DirectWork:
    op = step.op
    source = program.model.tensor(op.inputs[0])
    to = elementwise_requantization(program.model, op)
    shift = int(to.shifts[0])
    require_room(op, source, MAX_DIFFERENCE << max(shift, 0))
    params = RequantizeParams(
        elements=source.elements,
        input_zero_point=quantization_of(source).zero_point,
        multiplier=int(to.multipliers[0]),
        shift=shift,
        output_zero_point=to.output_zero_point,
        minimum=to.minimum,
        maximum=to.maximum,
    )
    return direct_work(program, step, params, op.inputs, (ELEMENT_BY_ELEMENT,))


VARIANTS = (Direct("mz_requantize_s8"),)
