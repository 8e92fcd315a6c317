"""What kernel calls ask of the arena: their buffers, their scratch, and what may lie over what."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.rows import RowChain
from mcuzoo.plan.arena.lifetimes import BEFORE_FIRST_STEP, Life
from mcuzoo.plan.arena.share import Share


def scratch_buffer(program: Program, position: int) -> int:
    """The index that stands for the scratch memory of the call at `position`."""
    return len(program.buffers) + position


def call_lives(program: Program, calls: Sequence[Call]) -> tuple[Life, ...]:
    """The life of every buffer that a call or the host touches, ordered by index.

    Steps are positions in `calls`. Scratch lives for one step. An input that a RowChain consumes as
    it arrives has no buffer.
    """
    streamed = any(isinstance(call, RowChain) for call in calls)
    touched: dict[int, list[int]] = {} if streamed else {program.input_buffer: [BEFORE_FIRST_STEP]}
    sizes = {buffer.index: buffer.bytes for buffer in program.buffers}
    for position, call in enumerate(calls):
        for operand in (*call.inputs, call.output):
            if isinstance(operand, Activation):
                touched.setdefault(operand.buffer, []).append(position)
        if call.scratch_bytes:
            scratch = scratch_buffer(program, position)
            touched[scratch] = [position]
            sizes[scratch] = call.scratch_bytes
    touched.setdefault(program.output_buffer, []).append(len(calls))
    return tuple(
        Life(buffer, sizes[buffer], min(steps), max(steps))
        for buffer, steps in sorted(touched.items())
    )


def call_shares(calls: Sequence[Call]) -> tuple[Share, ...]:
    """Every overlap that a kernel declares."""
    return tuple(
        Share(operand.buffer, call.output.buffer, overlap.before)
        for call in calls
        for operand, overlap in zip(call.inputs, call.overlaps, strict=False)
        if overlap is not None
        and isinstance(operand, Activation)
        and operand.buffer != call.output.buffer
    )
