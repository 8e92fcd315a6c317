"""Needs of kernel calls in the arena: buffers, scratch, and which buffers may overlap."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.rows import RowChain
from mcuzoo.plan.arena.lifetimes import BEFORE_FIRST_STEP, Life, Share


def scratch_buffer(program: Program, position: int) -> int:
    """The buffer index of the scratch memory of the call at `position`."""
    return len(program.buffers) + position


def call_lives(program: Program, calls: Sequence[Call]) -> tuple[Life, ...]:
    """The life of every buffer that a call or the host touches, ordered by index.

    Steps are positions in `calls`. Scratch lives for one step. An input that a RowChain consumes as
    it arrives has no buffer. What an op makes lives until its last call: then the host may look.
    """
    ends = {call.op.index: position for position, call in enumerate(calls)}
    streamed = any(isinstance(call, RowChain) and call.streamed for call in calls)
    touched: dict[int, list[int]] = {} if streamed else {program.input_buffer: [BEFORE_FIRST_STEP]}
    sizes = {buffer.index: buffer.bytes for buffer in program.buffers}
    for position, call in enumerate(calls):
        for operand in (*call.inputs, *call.outputs):
            if isinstance(operand, Activation):
                touched.setdefault(operand.buffer, []).append(position)
        for output in call.outputs:
            touched[output.buffer].append(ends[call.op.index])
        if call.scratch_bytes:
            scratch = scratch_buffer(program, position)
            touched[scratch] = [position]
            sizes[scratch] = call.scratch_bytes
    touched.setdefault(program.output_buffer, []).append(len(calls))
    return tuple(
        Life(buffer, sizes[buffer], min(steps), max(steps))
        for buffer, steps in sorted(touched.items())
    )


def is_closed(program: Program, calls: Sequence[Call], first: int, end: int) -> bool:
    """Whether nothing but calls[first:end] reads or writes what they make, save the last one's
    output."""
    inside = range(first, end)
    made = {output.buffer for call in calls[first : end - 1] for output in call.outputs}
    users = [
        (operand.buffer, position)
        for position, call in enumerate(calls)
        for operand in (*call.inputs, *call.outputs)
        if isinstance(operand, Activation)
    ]
    return program.output_buffer not in made and all(
        position in inside for buffer, position in users if buffer in made
    )


def call_shares(calls: Sequence[Call]) -> tuple[Share, ...]:
    """Every overlap that a kernel declares, between the whole buffers that its operands are in."""
    return tuple(
        Share(source, output.buffer, max(before))
        for call in calls
        for output in call.outputs
        for source, before in _before(call, output).items()
        if source != output.buffer
    )


def _before(call: Call, output: Activation) -> dict[int, list[int]]:
    """For each buffer that is read: how near before it the output's buffer may begin, for each
    operand in it. A buffer with an operand that must not be overlapped is left out."""
    found: dict[int, list[int]] = {}
    fixed: set[int] = set()
    for operand, overlap in zip(call.inputs, call.overlaps, strict=False):
        if isinstance(operand, Activation):
            if overlap is None:
                fixed.add(operand.buffer)
            else:
                before = overlap.before + output.offset - operand.offset
                found.setdefault(operand.buffer, []).append(before)
    return {buffer: before for buffer, before in found.items() if buffer not in fixed}
