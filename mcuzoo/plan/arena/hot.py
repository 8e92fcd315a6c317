"""An arena in two memories: the faster one has the tensors with most traffic.

There is still one plan: offsets below `hot_bytes` are in the faster memory. No buffer is in both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES, align_up
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.plan.arena.calls import call_lives, call_shares, scratch_buffer
from mcuzoo.plan.arena.greedy import greedy_layouts
from mcuzoo.plan.arena.lifetimes import ArenaPlan, Life, Share, peak_demand
from mcuzoo.plan.arena.planner import plan_arena


def moved_bytes(program: Program, calls: Sequence[Call]) -> Counter[int]:
    """Bytes that an inference writes and reads, by buffer.

    Each call that uses a buffer moves all of it, also if its operand is only a part. Scratch memory
    is written and read. Repeated access within a call does not count, because the cache serves it.
    """
    sizes = {buffer.index: buffer.bytes for buffer in program.buffers}
    moved: Counter[int] = Counter()
    for position, call in enumerate(calls):
        for operand in (*call.inputs, *call.outputs):
            if isinstance(operand, Activation):
                moved[operand.buffer] += sizes[operand.buffer]
        moved[scratch_buffer(program, position)] += 2 * call.scratch_bytes
    return +moved


def moved_by_steps(program: Program) -> Counter[int]:
    """The same for a runtime that computes step by step, without its scratch memory."""
    sizes = {buffer.index: buffer.bytes for buffer in program.buffers}
    moved: Counter[int] = Counter()
    for step in program.steps:
        for buffer in (*step.reads, *step.writes):
            moved[buffer] += sizes[buffer]
    return +moved


def hot_plan(program: Program, calls: Sequence[Call], room_bytes: int) -> ArenaPlan | None:
    """The arena with as much traffic as possible in the first `room_bytes`.

    None if no buffer fits there, or all do. Buffers with most traffic are taken first, as long as
    they still fit together.
    """
    lives, shares = call_lives(program, calls), call_shares(calls)
    moved = moved_bytes(program, calls)
    hot: list[Life] = []
    for life in sorted(lives, key=lambda life: (-moved[life.buffer], life.buffer)):
        if _least_bytes([*hot, life], shares, room_bytes) <= room_bytes:
            hot.append(life)
    rest = [life for life in lives if life not in hot]
    if not hot or not rest:
        return None
    first, second = (
        plan_arena(some, ALIGNMENT_BYTES, _among(some, shares)) for some in (hot, rest)
    )
    above = (replace(slot, offset=slot.offset + first.arena_bytes) for slot in second.slots)
    peak = peak_demand(lives, ALIGNMENT_BYTES, shares)
    return ArenaPlan(
        slots=tuple(sorted((*first.slots, *above), key=lambda slot: slot.buffer)),
        arena_bytes=first.arena_bytes + second.arena_bytes,
        lower_bound_bytes=peak.bytes,
        peak_step=peak.step,
        hot_bytes=first.arena_bytes,
    )


def _least_bytes(lives: Sequence[Life], shares: Sequence[Share], enough: int) -> int:
    """The size of a quick layout: the first one that is small enough."""
    least = 1 << 62
    for layout in greedy_layouts(lives, ALIGNMENT_BYTES, _among(lives, shares)):
        least = min(
            least,
            max(layout[life.buffer] + align_up(life.bytes, ALIGNMENT_BYTES) for life in lives),
        )
        if least <= enough:
            break
    return least


def _among(lives: Sequence[Life], shares: Sequence[Share]) -> tuple[Share, ...]:
    """The shares among these buffers."""
    known = {life.buffer for life in lives}
    return tuple(share for share in shares if {share.input, share.output} <= known)
