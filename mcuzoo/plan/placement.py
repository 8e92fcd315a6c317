"""Which memory region holds what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcuzoo.board.memory import Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.plan.needs import Needs
from mcuzoo.project.kinds import WeightsChoice

_ARENA_PREFERENCE = (RegionKind.DTCM, RegionKind.OCRAM, RegionKind.SDRAM)
_WEIGHTS_PREFERENCE = (RegionKind.OCRAM, RegionKind.DTCM, RegionKind.SDRAM)


@dataclass(frozen=True)
class Placement:
    """Regions by name. `data_region` holds .data, .bss and the stack.

    Weights whose region is not the flash are copied there from the flash at reset.
    """

    arena_region: str
    arena_bytes: int
    weights_region: str
    stack_bytes: int
    data_region: str


def place(
    needs: Needs,
    board: Board,
    weights: WeightsChoice = "flash",
    arena_region: str | None = None,
) -> Placement:
    """The fastest region with room for each part: DTCM, then OCRAM, then SDRAM.

    When nothing has room, the emptiest region is named all the same: the fit verdict says by how
    much it overflows. Raises UsageError when `arena_region` cannot hold an arena.
    """
    data_region = _data_region(board)
    free = {region.name: region.size for region in usable_regions(board)}
    free[data_region.name] = data_region.size - needs.data_bytes - needs.stack_bytes
    if arena_region is None:
        arena = _first_with_room(board, free, needs.arena_bytes, _ARENA_PREFERENCE)
    else:
        arena = _pinned(board, arena_region)
    free[arena.name] -= needs.arena_bytes
    home = board.flash_region
    if weights == "ram":
        home = _first_with_room(board, free, needs.constant_bytes, _WEIGHTS_PREFERENCE)
    return Placement(
        arena_region=arena.name,
        arena_bytes=needs.arena_bytes,
        weights_region=home.name,
        stack_bytes=needs.stack_bytes,
        data_region=data_region.name,
    )


def usable_regions(board: Board) -> tuple[Region, ...]:
    """Regions that may hold the arena or copied weights and that work right after reset."""
    return tuple(region for region in board.regions if region.arena and region.initialized)


def _data_region(board: Board) -> Region:
    return _by_preference(usable_regions(board), _ARENA_PREFERENCE)[0]


def _first_with_room(
    board: Board, free: dict[str, int], bytes_: int, preference: tuple[RegionKind, ...]
) -> Region:
    candidates = _by_preference(usable_regions(board), preference)
    for region in candidates:
        if free[region.name] >= bytes_:
            return region
    return max(candidates, key=lambda region: free[region.name])


def _by_preference(regions: Iterable[Region], preference: tuple[RegionKind, ...]) -> list[Region]:
    """Stable: regions of one kind keep the board file's order."""
    return sorted(regions, key=lambda region: preference.index(region.kind))


def _pinned(board: Board, name: str) -> Region:
    usable = {region.name: region for region in usable_regions(board)}
    if name in usable:
        return usable[name]
    known = {region.name: region for region in board.regions}
    if name not in known:
        why = f"{board.name} has no memory region {name!r}."
    elif not known[name].initialized:
        why = f"The firmware does not start {name}: its controller is off after reset."
    else:
        why = f"Region {name!r} of {board.name} cannot hold a tensor arena."
    raise UsageError(why, f"{did_you_mean(name, usable)}--arena-region takes {', '.join(usable)}.")
