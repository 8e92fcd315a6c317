"""The estimated effect of the placement of constants, array by array, and the reasons."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.board.model import Board
from mcuzoo.plan.place.cost import wait_seconds
from mcuzoo.plan.place.needs import Needs
from mcuzoo.plan.place.placement import Placement, free_for_constants
from mcuzoo.plan.place.traffic import ConstantUse, whole_model_use
from mcuzoo.plan.place.weights import LEAST_SAVING_S, WORTH_S
from mcuzoo.project.manifest import ConstantEntry


def constant_entries(needs: Needs, board: Board, placement: Placement) -> tuple[ConstantEntry, ...]:
    """Every array in the order of the model."""
    board = board.started_for(placement.regions)
    reasons = _Reasons(needs, board, placement)
    return tuple(
        ConstantEntry(
            symbol=use.symbol,
            op=use.op,
            op_name=use.op_name,
            bytes=use.bytes,
            region=placement.region_of(use.symbol),
            passes=use.passes,
            flash_wait_s=reasons.wait(board.flash.region, use),
            wait_s=reasons.wait(placement.region_of(use.symbol), use),
            why=reasons.why(use),
        )
        for use in needs.constants
    )


def waits(entries: Sequence[ConstantEntry]) -> tuple[float, float] | None:
    """Estimated seconds per inference: all constants in flash, and as placed; None if not known."""
    flash = [entry.flash_wait_s for entry in entries if entry.flash_wait_s is not None]
    here = [entry.wait_s for entry in entries if entry.wait_s is not None]
    if not entries or len(flash) < len(entries) or len(here) < len(entries):
        return None
    return sum(flash), sum(here)


def copy_seconds(needs: Needs, board: Board, placement: Placement) -> float | None:
    """Seconds that start-up waits for the flash to copy constants; None if none are copied or the
    flash's speed is not known."""
    flash = board.flash_region
    copied = [use for use in needs.constants if placement.region_of(use.symbol) != flash.name]
    if flash.read is None or not copied:
        return None
    once = [whole_model_use(use.bytes) for use in copied]
    return round(sum(wait_seconds(flash, use, board, ()) for use in once), 9)


class _Reasons:
    """Why each constant is where it is."""

    def __init__(self, needs: Needs, board: Board, placement: Placement) -> None:
        self._board = board
        self._placement = placement
        self._arena = [region for region, _ in placement.arena_parts]
        self._free = free_for_constants(needs, board, placement.arena_parts)

    def wait(self, name: str, use: ConstantUse) -> float | None:
        region = self._board.region(name)
        if region.read is None:
            return None
        return round(wait_seconds(region, use, self._board, self._arena), 9)

    def why(self, use: ConstantUse) -> str:
        placement, flash = self._placement, self._board.flash.region
        if use.symbol in placement.pinned:
            return "pinned"
        if placement.weights != "auto":
            return f"--weights {placement.weights}"
        there = self.wait(flash, use)
        if there is None:
            return "the board file has no read speed of the flash"
        here = self.wait(placement.region_of(use.symbol), use)
        if placement.region_of(use.symbol) != flash and here is not None:
            return f"waits {(there - here) * 1e6:,.1f} us less than in flash"
        return self._why_in_flash(use, there)

    def _why_in_flash(self, use: ConstantUse, there: float) -> str:
        rooms = [name for name, free in self._free.items() if free >= use.room_bytes]
        if not rooms:
            return "no memory has room for all of it"
        best = min((self.wait(name, use) or 0.0) for name in rooms)
        if there - best < LEAST_SAVING_S:
            return f"a copy would save less than {LEAST_SAVING_S * 1e6:.0f} us"
        if not self._placement.constant_regions:
            return f"all copies together would save less than {WORTH_S * 1e6:.0f} us"
        return "others save more per byte"
