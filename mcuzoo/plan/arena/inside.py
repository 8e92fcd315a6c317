"""Buffers inside others: an input that would only be copied is made at the place of the copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES
from mcuzoo.lowering.call import Activation, Call, Inside, Omitted, Operand


def may_lie_inside(program: Program, calls: Sequence[Call], place: int) -> bool:
    """Whether the input of the copying call at `place` may be made inside its output.

    Not if the host writes or reads it, if it lies inside another buffer already, or if kernels
    would find it less aligned than they expect.
    """
    inside, inputs = calls[place].inside, calls[place].inputs
    return (
        inside is not None
        and isinstance(inputs[0], Activation)
        and inputs[0].buffer not in (program.input_buffer, program.output_buffer)
        and inputs[0].buffer != calls[place].output.buffer
        and inside.bytes == program.buffers[inputs[0].buffer].bytes
        and inside.offset % ALIGNMENT_BYTES == 0
    )


def lie_inside(calls: Sequence[Call], place: int) -> tuple[Call, ...]:
    """The calls with the input of the one at `place` inside its output, and that call Omitted."""
    copy = calls[place]
    (source,) = copy.inputs
    assert copy.inside is not None and isinstance(source, Activation)
    omitted = Omitted(copy.op, copy.kernel, copy.params, (), copy.outputs, partial=True)
    others = (_moved(call, source.buffer, copy.output, copy.inside) for call in calls)
    return tuple(omitted if at == place else call for at, call in enumerate(others))


def _moved(call: Call, buffer: int, outer: Activation, inside: Inside) -> Call:
    """The call with its operands in `buffer` where they are in `outer`."""

    def place(operand: Operand) -> Operand:
        return _place(operand) if isinstance(operand, Activation) else operand

    def _place(operand: Activation) -> Activation:
        if operand.buffer != buffer:
            return operand
        return Activation(outer.buffer, outer.offset + inside.offset + operand.offset)

    return replace(
        call,
        inputs=tuple(map(place, call.inputs)),
        outputs=tuple(map(_place, call.outputs)),
    )
