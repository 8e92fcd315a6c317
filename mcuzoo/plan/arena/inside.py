"""Buffers inside others: what would only be copied is made at the place of the copy, or stays where
it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES
from mcuzoo.lowering.call import Activation, Call, Omitted, Operand, Run
from mcuzoo.lowering.rows import RowChain


def without_copy(program: Program, calls: Sequence[Call], place: int) -> tuple[Call, ...] | None:
    """The calls with the copying one at `place` Omitted: its input is inside its output, or its
    output inside its input. None if neither is possible.

    A buffer stays by itself if the host writes or reads it, if it lies inside another already, or
    if kernels would find it less aligned than they expect.
    """
    call = calls[place]
    if call.run is None or not isinstance(call.inputs[0], Activation):
        return None
    source, target = call.inputs[0], call.output
    if source.buffer == target.buffer:
        return None
    at = target.offset + call.run.target
    if source.buffer != program.input_buffer and _fits(program, source, at, call.run):
        return _omitted(calls, place, source.buffer, Activation(target.buffer, at))
    written = sum(output.buffer == target.buffer for other in calls for output in other.outputs)
    if written == 1 and _fits(program, target, source.offset + call.run.source, call.run):
        outer = Activation(source.buffer, source.offset + call.run.source)
        return _omitted(calls, place, target.buffer, outer)
    return None


def _fits(program: Program, inner: Activation, at: int, run: Run) -> bool:
    """Whether the buffer of `inner` is the run and nothing else, and may begin `at` bytes behind
    another."""
    return (
        inner.offset == 0
        and inner.buffer != program.output_buffer
        and run.bytes == program.buffers[inner.buffer].bytes
        and at % ALIGNMENT_BYTES == 0
    )


def _omitted(calls: Sequence[Call], place: int, buffer: int, outer: Activation) -> tuple[Call, ...]:
    """The calls with `buffer` at `outer`, and the copying one Omitted."""
    moved = [_moved(call, buffer, outer) for call in calls]
    copy = moved[place]
    moved[place] = Omitted(
        copy.op, copy.kernel, copy.params, (), copy.outputs, partial=copy.partial
    )
    return tuple(moved)


def _moved(call: Call, buffer: int, outer: Activation) -> Call:
    """The call with its operands in `buffer` where they are in `outer`."""

    def place(operand: Operand) -> Operand:
        return _place(operand) if isinstance(operand, Activation) else operand

    def _place(operand: Activation) -> Activation:
        if operand.buffer != buffer:
            return operand
        return Activation(outer.buffer, outer.offset + operand.offset)

    moved = replace(
        call,
        inputs=tuple(map(place, call.inputs)),
        outputs=tuple(map(_place, call.outputs)),
    )
    if not isinstance(moved, RowChain):
        return moved
    stages = (replace(one, call=_moved(one.call, buffer, outer)) for one in moved.stages)
    return replace(moved, stages=tuple(stages))
