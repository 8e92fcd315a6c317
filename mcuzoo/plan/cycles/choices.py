"""What each choice of a plan saves, layer by layer: the prediction with it and without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcuzoo.board.memory import RegionKind
from mcuzoo.board.model import Board
from mcuzoo.lowering.call import Call
from mcuzoo.ops.kernels.slices import as_a_whole
from mcuzoo.plan.cycles.predict import CallCycles, Prediction, predict
from mcuzoo.plan.memory_plan import MemoryPlan
from mcuzoo.plan.place.placement import Placement


@dataclass(frozen=True)
class Choice:
    """Modelled cycles that a choice of the plan saves per inference, by estimate, against doing
    without it alone. what: in words. calls: of each call, in the order of the prediction; below 0
    where it costs."""

    what: str
    calls: tuple[float, ...]

    @property
    def cycles(self) -> float:
        return sum(self.calls)


def choices(plan: MemoryPlan, board: Board, here: Prediction) -> tuple[Choice, ...]:
    """here: the prediction of the plan, whose calls are ours."""
    assert plan.calls is not None
    found = []
    for what, calls, placement in _without(plan, plan.calls, board):
        other = predict(plan.program, calls, plan.arena, placement, board)
        pairs = zip(other.calls, here.calls, strict=True)
        found.append(Choice(what, tuple(_cycles(one) - _cycles(two) for one, two in pairs)))
    return tuple(found)


def _cycles(call: CallCycles) -> float:
    """Without a figure for the core it is the same either way."""
    return call.waits + (call.core or 0.0)


def _without(
    plan: MemoryPlan, calls: tuple[Call, ...], board: Board
) -> Iterator[tuple[str, tuple[Call, ...], Placement]]:
    """The plan without each of its choices."""
    placement, flash = plan.placement, board.flash.region
    fast = board.region(placement.arena_region)
    slow = [region for region in board.memories if region.kind is RegionKind.OCRAM]
    if fast.tightly_coupled and slow:
        name = placement.rest_region or slow[0].name
        elsewhere = replace(placement, arena_region=name, rest_region=None, rest_bytes=0)
        yield f"arena in {fast.name}, not {name}", calls, elsewhere
    if any(placement.region_of(use.symbol) != flash for use in plan.needs.constants):
        in_flash = replace(placement, weights_region=flash, constant_regions=())
        yield "constants copied", calls, in_flash
    whole = tuple(as_a_whole(call) for call in calls)
    if whole != calls:
        yield "channels in slices", whole, placement
    if placement.code_region is not None:
        yield f"code in {placement.code_region}", calls, replace(placement, code_region=None)
