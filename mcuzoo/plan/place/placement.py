"""Which memory region holds what: the arena, its rest, and every constant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mcuzoo.board.memory import Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.plan.arena.lifetimes import ArenaPlan
from mcuzoo.plan.place.cost import wait_seconds
from mcuzoo.plan.place.footprint import receive_ring_bytes
from mcuzoo.plan.place.needs import Needs
from mcuzoo.plan.place.pins import Pins, pinned_regions
from mcuzoo.plan.place.traffic import ConstantUse
from mcuzoo.plan.place.weights import Candidate, choose_regions
from mcuzoo.project.kinds import WeightsChoice

SPARE_BYTES = 4096
"""Bytes that a choice by estimate leaves free in the region of .data and .bss: their size is an
estimate, too, and they grow with the user's own program."""

SECTION_BYTES = 64
"""The most bytes that the linker adds to a region to align copied data."""


@dataclass(frozen=True)
class ConstantRegions:
    """`region` has all constants but those of which `others` has a (symbol, region)."""

    region: str
    others: tuple[tuple[str, str], ...] = ()


def constant_regions(
    constants: tuple[ConstantUse, ...], region: str, others: Mapping[str, str], flash: str
) -> ConstantRegions:
    """Name every constant that is not in flash, if one of `others` is in flash."""
    if region != flash and flash in others.values():
        others = {use.symbol: others.get(use.symbol, region) for use in constants}
        region = flash
    named = [(use.symbol, others.get(use.symbol, region)) for use in constants]
    return ConstantRegions(region, tuple(pair for pair in named if pair[1] != region))


def regions_by_estimate(
    constants: Sequence[ConstantUse], board: Board, arena: Sequence[str], free: Mapping[str, int]
) -> dict[str, str]:
    """The regions that choose_regions finds for the board's speeds and the `free` bytes by region.

    arena: the memories that have it. Empty if the board file does not have the speed of the flash.
    """
    flash = board.flash_region
    regions = [board.region(name) for name in free if board.region(name).read is not None]
    if flash.read is None:
        return {}
    candidates = []
    for use in constants:
        there = wait_seconds(flash, use, board, arena)
        saves = {one.name: there - wait_seconds(one, use, board, arena) for one in regions}
        candidates.append(Candidate(use.symbol, use.room_bytes, saves))
    return dict(choose_regions(candidates, {region.name: free[region.name] for region in regions}))


_ARENA_PREFERENCE = (RegionKind.DTCM, RegionKind.OCRAM, RegionKind.SDRAM)
_WEIGHTS_PREFERENCE = (RegionKind.OCRAM, RegionKind.DTCM, RegionKind.SDRAM)


@dataclass(frozen=True)
class Placement:
    """Regions by name. `data_region` holds .data, .bss and the stack.

    weights_region holds the constants; constant_regions has (symbol, region) for the exceptions.
    Constants whose region is not the flash are copied there from the flash at reset. weights: the
    user's choice. pinned: the symbols of constants that the user placed. rest_region, rest_bytes:
    where the end of an arena in two memories is; its beginning is in arena_region. ring_bytes: of
    the ring that keeps what the board receives while it works; it is in ring_region, or in .bss.
    arena_bytes: the whole arena. stack_bytes: what is kept free for the stack. code_region: where
    start-up copies the code that an inference goes through; None: it runs from the flash.
    """

    arena_region: str
    arena_bytes: int
    weights_region: str
    stack_bytes: int
    data_region: str
    constant_regions: tuple[tuple[str, str], ...] = ()
    weights: WeightsChoice = "flash"
    pinned: tuple[str, ...] = ()
    rest_region: str | None = None
    rest_bytes: int = 0
    ring_bytes: int = field(default_factory=receive_ring_bytes)
    ring_region: str | None = None
    code_region: str | None = None

    @property
    def regions(self) -> tuple[str, ...]:
        """Every memory that is named."""
        named = (self.rest_region, self.ring_region, self.code_region)
        others = [name for name in named if name is not None]
        constants = (region for _, region in self.constant_regions)
        return (self.arena_region, self.weights_region, self.data_region, *others, *constants)

    @property
    def arena_parts(self) -> tuple[tuple[str, int], ...]:
        """(region, bytes), one or two."""
        first = (self.arena_region, self.arena_bytes - self.rest_bytes)
        return (
            (first,) if self.rest_region is None else (first, (self.rest_region, self.rest_bytes))
        )

    def region_of(self, symbol: str) -> str:
        """The region of the constant called `symbol`."""
        return dict(self.constant_regions).get(symbol, self.weights_region)


def place(
    needs: Needs,
    board: Board,
    weights: WeightsChoice = "flash",
    arena_region: str | None = None,
    pins: Pins = (),
    split: ArenaPlan | None = None,
) -> Placement:
    """Place the arena in the fastest region with room (DTCM, OCRAM, SDRAM), then constants.

    weights: "flash"; "ram", one region for all; the name of a region; "auto", array by array by
    `choose_regions`. pins: see pinned_regions; they come first. split: an arena in two parts; the
    hot one goes beside data and stack.

    If no region has room, the emptiest one is named: the fit verdict says by how much it overflows.
    Raises UsageError for a chosen region that cannot hold an arena or weights.
    """
    board = board.apart([arena_region, weights, *(region for _, region in pins)])
    data_region = _data_region(board)
    free = _beside_data(needs, board)
    arena_bytes, rest_bytes, rest_region = needs.arena_bytes, 0, None
    if split is not None and split.hot_bytes is not None:
        arena, arena_bytes = data_region, split.arena_bytes
        rest_bytes = arena_bytes - split.hot_bytes
        others_free = {**free, arena.name: -1}
        rest_region = _first_with_room(board, others_free, rest_bytes, _ARENA_PREFERENCE).name
        free[rest_region] -= rest_bytes
    elif arena_region is None:
        arena = _first_with_room(board, free, needs.arena_bytes, _ARENA_PREFERENCE)
    else:
        arena = _pinned(board, arena_region, "--arena-region")
    free[arena.name] -= arena_bytes - rest_bytes
    flash = board.flash.region
    pinned = pinned_regions(pins, needs.constants, [*free, flash])
    rooms = {use.symbol: use.room_bytes for use in needs.constants}
    for symbol, region in pinned.items():
        if region != flash:
            free[region] -= rooms[symbol]
    others, weights_region = pinned, flash
    if weights == "ram":
        rest = needs.constant_bytes - sum(rooms[symbol] for symbol in pinned)
        weights_region = _first_with_room(board, free, rest, _WEIGHTS_PREFERENCE).name
    elif weights == "auto":
        parts = [(arena.name, arena_bytes - rest_bytes)]
        parts += [(rest_region, rest_bytes)] if rest_region else []
        others = {**pinned, **_by_estimate(needs, board, parts, pinned)}
    elif weights != "flash":
        weights_region = _pinned(board, weights, "--weights").name
    regions = constant_regions(needs.constants, weights_region, others, flash)
    return Placement(
        arena_region=arena.name,
        arena_bytes=arena_bytes,
        weights_region=regions.region,
        stack_bytes=needs.stack_bytes,
        data_region=data_region.name,
        constant_regions=regions.others,
        weights=weights,
        pinned=tuple(pinned),
        rest_region=rest_region,
        rest_bytes=rest_bytes,
        code_region=code_region(needs, board),
    )


ITCM_BYTES = 256
"""Of the ITCM: the section of copied code of every firmware, and in an application for the SDK data
that survives a reset."""


def code_region(needs: Needs, board: Board) -> str | None:
    """The ITCM, if it has room for all of the code that an inference goes through: nothing else
    uses that memory, and there no fetch waits."""
    for region in board.regions_of(RegionKind.ITCM)[:1]:
        if 0 < needs.hot_bytes <= region.size - ITCM_BYTES - SECTION_BYTES:
            return region.name
    return None


def _by_estimate(
    needs: Needs, board: Board, arena: Sequence[tuple[str, int]], pinned: dict[str, str]
) -> dict[str, str]:
    free = free_for_constants(needs, board, arena)
    for use in needs.constants:
        if pinned.get(use.symbol) in free:
            free[pinned[use.symbol]] -= use.room_bytes
    rest = [use for use in needs.constants if use.symbol not in pinned]
    return regions_by_estimate(rest, board, [region for region, _ in arena], free)


def free_for_constants(
    needs: Needs, board: Board, arena: Sequence[tuple[str, int]]
) -> dict[str, int]:
    """Bytes of each usable region that a choice by estimate may fill. arena: its parts."""
    board = board.apart(region for region, _ in arena)
    free = _beside_data(needs, board)
    for region, bytes_ in arena:
        free[region] -= bytes_
    free[_data_region(board).name] -= SPARE_BYTES
    return {name: bytes_ - SECTION_BYTES for name, bytes_ in free.items()}


def room_beside_data(needs: Needs, board: Board) -> int:
    """Bytes that a choice by estimate may fill in the region of data and stack."""
    return free_for_constants(needs, board, ())[_data_region(board).name]


def largest_room(needs: Needs, board: Board, arena_region: str | None = None) -> int:
    """The most arena bytes that one memory of the board has room for, or `arena_region`."""
    free = _beside_data(needs, board.apart([arena_region]))
    return max(free.values()) if arena_region is None else free[arena_region]


def usable_regions(board: Board) -> tuple[Region, ...]:
    """Memories that may hold the arena or copied weights and that work right after reset."""
    return tuple(region for region in board.memories if region.arena and region.initialized)


def usable_names(board: Board) -> tuple[str, ...]:
    """The names that an option may give for an arena or for weights, also parts of a memory."""
    memories = [region.name for region in usable_regions(board)]
    parts = [region.name for region in board.regions if region.arena and region.initialized]
    return tuple(dict.fromkeys([*memories, *parts]))


def _beside_data(needs: Needs, board: Board) -> dict[str, int]:
    free = {region.name: region.size for region in usable_regions(board)}
    free[_data_region(board).name] -= needs.data_bytes + needs.stack_bytes
    return free


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


def _pinned(board: Board, name: str, option: str) -> Region:
    usable = {region.name: region for region in usable_regions(board)}
    if name in usable:
        return usable[name]
    known = {region.name: region for region in (*board.regions, *board.memories)}
    if name not in known:
        why = f"{board.name} has no memory region {name!r}."
    elif not known[name].initialized:
        why = f"The board file of {board.name} does not say how {name}'s controller is started."
    else:
        what = "a tensor arena" if option == "--arena-region" else "weights"
        why = f"Region {name!r} of {board.name} cannot hold {what}."
    raise UsageError(why, f"{did_you_mean(name, usable)}{option} takes {', '.join(usable)}.")
