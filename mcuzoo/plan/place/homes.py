"""In which region every constant lives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcuzoo.board.model import Board
from mcuzoo.plan.place.cost import Cache, wait_seconds
from mcuzoo.plan.place.traffic import ConstantUse
from mcuzoo.plan.place.weights import Candidate, choose_homes

SPARE_BYTES = 4096
"""What a choice by estimate leaves free of the region of .data and .bss, whose size is an estimate
too, and which grow with the user's own program."""

SECTION_BYTES = 64
"""At the most, what the linker adds to a region to align what is copied there."""


@dataclass(frozen=True)
class Homes:
    """`region` has all constants but those of which `others` has a (symbol, region)."""

    region: str
    others: tuple[tuple[str, str], ...] = ()


def homes_around(
    constants: tuple[ConstantUse, ...], region: str, others: Mapping[str, str], flash: str
) -> Homes:
    """Where one of the others is the flash, all that is not in flash is named."""
    if region != flash and flash in others.values():
        others = {use.symbol: others.get(use.symbol, region) for use in constants}
        region = flash
    named = [(use.symbol, others.get(use.symbol, region)) for use in constants]
    return Homes(region, tuple((symbol, home) for symbol, home in named if home != region))


def homes_by_estimate(
    constants: Sequence[ConstantUse], board: Board, cache: Cache, free: Mapping[str, int]
) -> dict[str, str]:
    """What choose_homes makes of the board's speeds and of what is `free` by region.

    Nothing where the board file does not say how fast the flash is.
    """
    flash = board.flash_region
    regions = [board.region(name) for name in free if board.region(name).read is not None]
    if flash.read is None:
        return {}
    candidates = []
    for use in constants:
        there = wait_seconds(flash, use, cache)
        saves = {region.name: there - wait_seconds(region, use, cache) for region in regions}
        candidates.append(Candidate(use.symbol, use.room_bytes, saves))
    return dict(choose_homes(candidates, {region.name: free[region.name] for region in regions}))
