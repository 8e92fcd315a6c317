"""An arena that no memory has room for is cut in two."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.board.memory import Region
from mcuzoo.board.model import Board
from mcuzoo.graph.program import Program
from mcuzoo.lowering.call import Call
from mcuzoo.plan.arena.hot import hot_plan, moved_by_steps
from mcuzoo.plan.arena.lifetimes import ArenaPlan
from mcuzoo.plan.place.cost import wait_seconds
from mcuzoo.plan.place.needs import Needs
from mcuzoo.plan.place.pins import Pins, pinned_regions
from mcuzoo.plan.place.placement import Placement, place, room_beside_data
from mcuzoo.plan.place.regions import region_fits
from mcuzoo.plan.place.traffic import whole_model_use
from mcuzoo.project.kinds import WeightsChoice

_SHARES = (1.0, 0.5)
"""Fractions of the room beside data and stack that are tried for tensors; weights get the rest."""

Placed = tuple[ArenaPlan, Placement]


def place_arena(
    program: Program,
    calls: Sequence[Call],
    arena: ArenaPlan,
    needs: Needs,
    board: Board,
    weights: WeightsChoice = "flash",
    pins: Pins = (),
) -> Placed:
    """`arena` in one memory, or, if it fits none as a whole, another plan in two, the hot part
    beside data and stack: the smallest one that fits, since two parts take more than the whole.
    """
    whole = arena, place(needs, board, weights, pins=pins)
    if _fits(needs, board, whole[1]):
        return whole
    room = room_beside_data(needs, board) - _pinned_bytes(needs, board, whole[1].data_region, pins)
    plans = [hot_plan(program, calls, int(share * room)) for share in _SHARES]
    cut = [(one, place(needs, board, weights, pins=pins, split=one)) for one in plans if one]
    fitting = [one for one in cut if _fits(needs, board, one[1])]
    return min(fitting, key=lambda one: one[0].arena_bytes, default=whole)


def tensor_seconds(program: Program, region: Region, board: Board) -> float | None:
    """Estimated wait per inference for all tensors in `region`, by a runtime that computes step by
    step. None if the speed of `region` is not known."""
    if region.read is None:
        return None
    moved = whole_model_use(moved_by_steps(program).total())
    return wait_seconds(region, moved, board, ())


def _pinned_bytes(needs: Needs, board: Board, region: str, pins: Pins) -> int:
    regions = pinned_regions(
        pins,
        needs.constants,
        [one.name for one in board.apart(region for _, region in pins).memories],
    )
    return sum(use.room_bytes for use in needs.constants if regions.get(use.symbol) == region)


def _fits(needs: Needs, board: Board, placement: Placement) -> bool:
    return all(region.fits for region in region_fits(needs, board, placement))
