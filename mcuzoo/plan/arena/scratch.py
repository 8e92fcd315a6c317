"""Smaller plans for small networks, where a kernel's scratch memory decides the arena."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.kernels.depthwise_3x3_dsp import narrower
from mcuzoo.ops.kernels.depthwise_dsp import with_fewer_rows, without_scratch
from mcuzoo.ops.kernels.product_parts import PARTS, ProductParts
from mcuzoo.ops.kernels.product_rows import ProductRows
from mcuzoo.ops.table import computed
from mcuzoo.plan.arena.bands import banded_plan
from mcuzoo.plan.arena.fusion import Planned, fuse_and_plan, least_step


def plan_within(
    program: Program, calls: Sequence[Call], planned: Planned, room_bytes: int
) -> Planned:
    """`planned`, or a smaller plan if it needs more than `room_bytes`: with less scratch memory in
    the calls that need most, then with bands of rows. The smallest that was found if none is so
    small. calls: not fused."""
    best, calls = planned, tuple(calls)
    while best[1].arena_bytes > room_bytes:
        position = least_step(program, calls)
        call = calls[position]
        narrowed = chain(narrower(call), with_fewer_rows(call), with_fewer_inputs(program, call))
        tight = next(narrowed, None)
        if tight is None:
            break
        calls = (*calls[:position], tight, *calls[position + 1 :])
        best = min(best, fuse_and_plan(program, calls), key=_arena_bytes)
    best = with_spare_scratch(program, calls, best)
    if _arena_bytes(best) > room_bytes:
        banded = banded_plan(program, calls, room_bytes)
        best = min(best, banded or best, key=_arena_bytes)
    return best


def with_fewer_inputs(program: Program, call: Call) -> Iterator[Call]:
    """The same product with ever less scratch memory, for more instructions: by parts of a row.
    Nothing for a call of another kernel."""
    if call.kernel not in (ProductRows.kernel, ProductParts.kernel) or call.before:
        return
    step = next(step for step in program.steps if step.op == call.op)
    work = computed(call.op).prepare(program, step)
    assert isinstance(work, WeightedWork)
    for most in PARTS:
        parts = ProductParts(several=True, most=most)
        if parts.accepts(work):
            (cut,) = parts.lower(work)
            if cut.scratch_bytes < call.scratch_bytes:
                yield cut


def with_spare_scratch(program: Program, calls: Sequence[Call], planned: Planned) -> Planned:
    """`planned`, or a smaller plan with fewer rows at a time where a depthwise kernel of any window
    makes the arena larger than the portable kernel would, which has no scratch memory. calls: not
    fused."""
    calls = tuple(calls)
    enough: int | None = None
    while True:
        needed = planned[0][least_step(program, planned[0])]
        position = next((at for at, call in enumerate(calls) if call is needed), None)
        tight = None if position is None else next(with_fewer_rows(needed), None)
        if position is None or tight is None:
            return planned
        if enough is None:
            portable = [without_scratch(call) for call in calls]
            enough = _arena_bytes(fuse_and_plan(program, portable))
        if _arena_bytes(planned) <= enough:
            return planned
        calls = (*calls[:position], tight, *calls[position + 1 :])
        smaller = fuse_and_plan(program, calls)
        if _arena_bytes(smaller) >= _arena_bytes(planned):
            return planned
        planned = smaller


def _arena_bytes(planned: Planned) -> int:
    return planned[1].arena_bytes
