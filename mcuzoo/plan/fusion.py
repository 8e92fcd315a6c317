"""Which calls are fused: those whose tensor between them decides how large the arena is."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.fuse import fuse
from mcuzoo.plan.arena import plan_arena
from mcuzoo.plan.calls import call_lives, call_shares
from mcuzoo.plan.layout import ArenaPlan

Planned = tuple[tuple[Call, ...], ArenaPlan]


def smallest_plan(program: Program, calls: Sequence[Call]) -> Planned:
    """The calls, fused where that makes the arena smaller, and their plan.

    Each round tries the pairs around the step that needs most; it ends when none of them helps.
    """
    best = tuple(calls), plan_calls(program, calls)
    while True:
        candidates = [(fused, plan_calls(program, fused)) for fused in _fused_around(program, best)]
        smaller = min(candidates, key=lambda one: one[1].arena_bytes, default=best)
        if smaller[1].arena_bytes >= best[1].arena_bytes:
            return best
        best = smaller


def plan_calls(program: Program, calls: Sequence[Call]) -> ArenaPlan:
    """The arena of these calls, sharing whatever the kernels allow to be shared."""
    return plan_arena(call_lives(program, calls), ALIGNMENT_BYTES, call_shares(calls))


def _fused_around(program: Program, planned: Planned) -> list[tuple[Call, ...]]:
    calls, plan = planned
    found = []
    for position in (plan.peak_step - 1, plan.peak_step):
        if 0 <= position < len(calls) - 1:
            first, second = calls[position : position + 2]
            one = fuse(first, second) if is_private(program, calls, first) else None
            if one is not None:
                found.append((*calls[:position], one, *calls[position + 2 :]))
    return found


def is_private(program: Program, calls: Sequence[Call], call: Call) -> bool:
    """Does exactly one call read what `call` makes, and the host does not?"""
    readers = sum(
        isinstance(operand, Activation) and operand.buffer == call.output.buffer
        for other in calls
        for operand in other.inputs
    )
    return readers == 1 and call.output.buffer != program.output_buffer
