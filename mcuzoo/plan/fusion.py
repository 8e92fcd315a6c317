"""Which calls are fused: where it makes the arena smaller, and wherever it costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.lowering.fuse import fuse
from mcuzoo.plan.arena import plan_arena
from mcuzoo.plan.calls import call_lives, call_shares
from mcuzoo.plan.demand import peak_demand
from mcuzoo.plan.layout import ArenaPlan

Calls = tuple[Call, ...]
Planned = tuple[Calls, ArenaPlan]


def fuse_and_plan(program: Program, calls: Sequence[Call]) -> Planned:
    """The calls, some of them fused, and their plan. Memory comes first, then instructions."""
    fused, plan = _faster(program, _smallest(program, tuple(calls)))
    thorough = plan_calls(program, fused)
    return fused, min(thorough, plan, key=lambda one: one.arena_bytes)


def plan_calls(program: Program, calls: Sequence[Call], thorough: bool = True) -> ArenaPlan:
    """The arena of these calls, sharing whatever the kernels allow to be shared."""
    lives = call_lives(program, calls)
    return plan_arena(lives, ALIGNMENT_BYTES, call_shares(calls), thorough)


def _try_plan(program: Program, calls: Calls) -> ArenaPlan:
    return plan_calls(program, calls, thorough=False)


def _smallest(program: Program, calls: Calls) -> Planned:
    """Tries the pairs around the step that needs most, as long as that helps."""
    best = calls, _try_plan(program, calls)
    improved = True
    while improved:
        improved = False
        unfused, peak = best[0], best[1].peak_step
        around = (fused for at in (peak - 1, peak) for fused in _fused_at(program, unfused, at))
        for fused in sorted(around, key=lambda one: _least_bytes(program, one)):
            if _least_bytes(program, fused) >= best[1].arena_bytes:
                break
            plan = _try_plan(program, fused)
            if plan.arena_bytes < best[1].arena_bytes:
                best, improved = (fused, plan), True
    return best


def _faster(program: Program, planned: Planned) -> Planned:
    """Fused calls are faster, so take them, and of each pair the fastest that the arena holds.

    What cannot fit is known without a plan, and what can usually does: so all are taken at once,
    and one by one only where they do not fit together.
    """
    bytes_ = planned[1].arena_bytes
    calls = planned[0]
    for position in reversed(range(len(calls) - 1)):
        calls = next(_within(program, calls, position, bytes_), calls)
    if calls == planned[0]:
        return planned
    plan = _try_plan(program, calls)
    if plan.arena_bytes <= bytes_:
        return calls, plan
    for position in reversed(range(len(planned[0]) - 1)):
        for calls in _within(program, planned[0], position, bytes_):
            plan = _try_plan(program, calls)
            if plan.arena_bytes <= bytes_:
                planned = calls, plan
                break
    return planned


def _within(program: Program, calls: Calls, position: int, bytes_: int) -> Iterator[Calls]:
    for fused in _fused_at(program, calls, position):
        if _least_bytes(program, fused) <= bytes_:
            yield fused


def _least_bytes(program: Program, calls: Calls) -> int:
    """No plan of these calls needs less."""
    return peak_demand(call_lives(program, calls), ALIGNMENT_BYTES, call_shares(calls)).bytes


def _fused_at(program: Program, calls: Calls, position: int) -> Iterator[Calls]:
    """The calls with those at `position` and behind it fused, fastest first."""
    if not 0 <= position < len(calls) - 1:
        return
    first, second = calls[position : position + 2]
    if is_private(program, calls, first):
        for one in fuse(first, second):
            yield (*calls[:position], one, *calls[position + 2 :])


def is_private(program: Program, calls: Sequence[Call], call: Call) -> bool:
    """Does exactly one call read what `call` makes, and the host does not?"""
    readers = sum(
        isinstance(operand, Activation) and operand.buffer == call.output.buffer
        for other in calls
        for operand in other.inputs
    )
    return readers == 1 and call.output.buffer != program.output_buffer
