"""Choose the calls to fuse: where the arena becomes smaller, and where it costs no memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter

from mcuzoo.graph.model import Op
from mcuzoo.graph.program import Program
from mcuzoo.lowering.alignment import ALIGNMENT_BYTES, align_up
from mcuzoo.lowering.call import Activation, Call
from mcuzoo.ops.kernels.pointwise_depthwise_dsp import fuse
from mcuzoo.plan.arena.calls import call_lives, call_shares, scratch_buffer
from mcuzoo.plan.arena.inside import without_copy
from mcuzoo.plan.arena.lifetimes import (
    ArenaPlan,
    Peak,
    effective,
    live_bytes,
    peak_demand,
    saving,
)
from mcuzoo.plan.arena.planner import plan_arena

Calls = tuple[Call, ...]
Planned = tuple[Calls, ArenaPlan]


def fuse_and_plan(program: Program, calls: Sequence[Call]) -> Planned:
    """The calls, some of them fused, and their plan. Memory comes first, then instructions.

    What would only be copied is made at the place of the copy, or stays where it is, if that costs
    no memory. First all copies are tried together, then one after the other.
    """
    calls = tuple(calls)
    best = _fused(program, calls)
    copies = [place for place in range(len(calls)) if without_copy(program, calls, place)]
    for places in (copies, *([place] for place in copies if len(copies) > 1)):
        placed = calls
        for place in places:
            placed = without_copy(program, placed, place) or placed
        if placed != calls:
            planned = _fused(program, placed)
            if planned[1].arena_bytes <= best[1].arena_bytes:
                calls, best = placed, planned
    return best


def _fused(program: Program, calls: Calls) -> Planned:
    return _faster(program, _roomier(program, calls, _smallest(program, calls)))


def plan_calls(program: Program, calls: Sequence[Call]) -> ArenaPlan:
    """The arena of these calls, sharing whatever the kernels allow to be shared."""
    lives = call_lives(program, calls)
    return plan_arena(lives, ALIGNMENT_BYTES, call_shares(calls))


def _smallest(program: Program, calls: Calls) -> Planned:
    """Fuse pairs around the step that needs most memory, as long as that helps. Of ways that are as
    good there the one with least scratch memory: others would be in the way of the next pair."""
    best = calls, plan_calls(program, calls)
    improved = True
    while improved:
        improved = False
        unfused, peak = best[0], best[1].peak_step
        around = (
            (least_bytes(program, fused), fused[at].scratch_bytes, fused)
            for at in (peak - 1, peak)
            for fused in _fused_at(program, unfused, at)
        )
        for bound, _, fused in sorted(around, key=itemgetter(0, 1)):
            if bound >= best[1].arena_bytes:
                break
            plan = plan_calls(program, fused)
            if plan.arena_bytes < best[1].arena_bytes:
                best, improved = (fused, plan), True
    return best


def _roomier(program: Program, calls: Calls, planned: Planned) -> Planned:
    """The same with more scratch memory for fused calls, as that is faster, where the arena has it.
    calls: not fused."""
    pairs = {
        _indices((*first.ops, *second.ops)): (first, second) for first, second in pairwise(calls)
    }
    for position in range(len(planned[0])):
        fused, plan = planned
        pair = pairs.get(_indices(fused[position].ops))
        for one in fuse(*pair) if pair else ():
            if one == fused[position]:
                break
            tried = (*fused[:position], one, *fused[position + 1 :])
            if least_bytes(program, tried) > plan.arena_bytes:
                continue
            again = plan_calls(program, tried)
            if again.arena_bytes <= plan.arena_bytes:
                planned = tried, again
                break
    return planned


def _indices(ops: Sequence[Op]) -> tuple[int, ...]:
    return tuple(op.index for op in ops)


def _faster(program: Program, planned: Planned) -> Planned:
    """Fuse calls, as fused calls are faster; of each pair take the fastest that fits.

    A lower bound excludes some without a plan, and the others usually fit. So all are tried at
    once, and one by one only if they do not fit together.
    """
    unfused, plan = planned
    room = _Room(program, unfused, plan.arena_bytes)
    # Start with the last one, so that the positions before it do not change.
    positions = range(len(unfused) - 2, -1, -1)
    calls = unfused
    for position in positions:
        calls = next(room.fused_at(position, calls), calls)
    if calls == unfused:
        return planned
    together = plan_calls(program, calls)
    if together.arena_bytes <= plan.arena_bytes:
        return calls, together
    for position in positions:
        for calls in room.fused_at(position, planned[0]):
            alone = plan_calls(program, calls)
            if alone.arena_bytes <= plan.arena_bytes:
                planned = calls, alone
                break
    return planned


class _Room:
    """Which fused calls an arena of `arena_bytes` might hold."""

    def __init__(self, program: Program, calls: Calls, arena_bytes: int) -> None:
        self._program = program
        self._arena_bytes = arena_bytes
        scratch = {scratch_buffer(program, position) for position in range(len(calls))}
        self._lives = {
            life.buffer: life for life in call_lives(program, calls) if life.buffer not in scratch
        }

    def fused_at(self, position: int, calls: Calls) -> Iterator[Calls]:
        """Like _fused_at. The calls behind position + 1 may be fused already."""
        between = calls[position].outputs[0].buffer
        for fused in _fused_at(self._program, calls, position):
            if self._least_bytes(position, fused[position], between) <= self._arena_bytes:
                yield fused

    def _least_bytes(self, position: int, call: Call, between: int) -> int:
        """Bytes alive at both steps at once, without the image between them."""
        sizes = {
            life.buffer: align_up(life.bytes)
            for life in self._lives.values()
            if life.first_step <= position + 1
            and life.last_step >= position
            and life.buffer != between
        }
        over = [
            share for share in call_shares([call]) if self._lives[share.input].last_step == position
        ]
        saved = saving(over, sizes, ALIGNMENT_BYTES)
        return sum(sizes.values()) - saved + align_up(call.scratch_bytes)


def least_bytes(program: Program, calls: Sequence[Call]) -> int:
    """A lower bound of the arena for these calls."""
    return _peak(program, calls).bytes


def least_step(program: Program, calls: Sequence[Call]) -> int:
    """The position of the call that this bound comes from; the first one for the host's moments."""
    return min(max(_peak(program, calls).step, 0), len(calls) - 1)


def step_bytes(program: Program, calls: Sequence[Call], position: int) -> int:
    """What the call at `position` needs at the least, with all that is alive then."""
    lives = call_lives(program, calls)
    return live_bytes(lives, position, ALIGNMENT_BYTES, effective(call_shares(calls), lives))


def _peak(program: Program, calls: Sequence[Call]) -> Peak:
    return peak_demand(call_lives(program, calls), ALIGNMENT_BYTES, call_shares(calls))


def _fused_at(program: Program, calls: Calls, position: int) -> Iterator[Calls]:
    """The calls with the one at `position` and the next one fused: all ways, fastest first."""
    if not 0 <= position < len(calls) - 1:
        return
    first, second = calls[position : position + 2]
    if is_private(program, calls, first):
        for one in fuse(first, second):
            yield (*calls[:position], one, *calls[position + 2 :])


def is_private(program: Program, calls: Sequence[Call], call: Call) -> bool:
    """Whether only `call` writes its output, and exactly one call and not the host reads it."""
    made = call.outputs[0].buffer
    readers = sum(
        isinstance(operand, Activation) and operand.buffer == made
        for other in calls
        for operand in other.inputs
    )
    writers = sum(output.buffer == made for other in calls for output in other.outputs)
    return (readers, writers, len(call.outputs)) == (1, 1, 1) and made != program.output_buffer
