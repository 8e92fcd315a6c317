"""The memory of a universal firmware: an arena as large as can be, and rooms for models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcuzoo.board.memory import Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.plan.place.footprint import Footprint, estimate_footprint, upload_code_bytes
from mcuzoo.plan.place.placement import Placement, usable_regions
from mcuzoo.plan.place.regions import Part, RegionFit, fixed_parts
from mcuzoo.plan.tflm.requests import Kernels

SPARE_BYTES = 16
"""Readable bytes behind every model: the board's check of the file needs them."""

# MobileNet V1 0.25 128 and Deepface take less than this in TFLite-Micro.
_FAIR_ARENA_BYTES = 160 * 1024
_LEAST_ROOM_BYTES = 64 * 1024
_STEP_BYTES = 1024
# .data and .bss are estimated; the linker has the last word.
_MARGIN_BYTES = 2048
_RESOLVER_BYTES_PER_OP = 48
_KINDS = (RegionKind.DTCM, RegionKind.OCRAM, RegionKind.SDRAM)


@dataclass(frozen=True)
class Room:
    """Memory for a model: `bytes` at `base`. region: where it is."""

    region: str
    base: int
    bytes: int

    @property
    def capacity_bytes(self) -> int:
        """The largest model that it takes."""
        return self.bytes - SPARE_BYTES


@dataclass(frozen=True)
class UniversalPlan:
    """rooms: the fastest first; a model goes to the first that has space enough. placement: of
    arena, data and stack. regions: what each would hold."""

    placement: Placement
    rooms: tuple[Room, ...]
    regions: tuple[RegionFit, ...]

    @property
    def memories(self) -> tuple[str, ...]:
        """Every memory that is named."""
        return (*self.placement.regions, *(room.region for room in self.rooms))

    @property
    def capacity_bytes(self) -> int:
        return max(room.capacity_bytes for room in self.rooms)


def plan_universal(
    board: Board,
    ops: Sequence[str],
    kernels: Kernels,
    arena_region: str | None = None,
    model_region: str | None = None,
) -> UniversalPlan:
    """Share `board`'s memory between TFLM's arena and models.

    The arena takes all of a region: the fastest with 160 KB left, or `arena_region`. Every other
    region is a room, or `model_region` alone. Raises UsageError for a region that cannot hold what
    it is asked to.
    """
    footprint = estimate_footprint(f"tflm-{kernels}", ops)
    data_bytes = footprint.data_bytes + _RESOLVER_BYTES_PER_OP * len(ops)
    board = board.apart([arena_region, model_region])
    data_region = _usable(board)[0]
    areas = _areas(board, data_region, data_bytes + footprint.stack_bytes)
    arena = _arena_area(areas, arena_region)
    free = [area for area in areas if area != arena]
    rooms = [area for area in free if area.bytes >= _LEAST_ROOM_BYTES]
    if model_region is not None:
        rooms = [_named("--model-region", model_region, free)]
    if not rooms:
        raise UsageError(
            f"{board.name} has no memory for a model beside the arena in {arena.region}.",
            "Name another --arena-region.",
        )
    placement = Placement(
        arena_region=arena.region,
        arena_bytes=arena.bytes,
        weights_region=rooms[0].region,
        stack_bytes=footprint.stack_bytes,
        data_region=data_region.name,
    )
    parts = list(_parts(board, footprint, data_bytes, placement, arena, rooms))
    return UniversalPlan(placement, tuple(rooms), _region_fits(board, parts))


def _usable(board: Board) -> list[Region]:
    """Fastest first, those of one kind by address."""
    return sorted(
        usable_regions(board.with_sdram()),
        key=lambda region: (_KINDS.index(region.kind), region.base),
    )


def _areas(board: Board, data_region: Region, taken_bytes: int) -> list[Room]:
    """The free part of each region, fastest first."""
    left = (data_region.size - taken_bytes - _MARGIN_BYTES) // _STEP_BYTES * _STEP_BYTES
    return [
        Room(region.name, region.end - size, size)
        for region in _usable(board)
        for size in [max(0, left) if region == data_region else region.size]
    ]


def _arena_area(areas: Sequence[Room], wanted: str | None) -> Room:
    if wanted is not None:
        return _named("--arena-region", wanted, areas)
    fair = [area for area in areas if area.bytes >= _FAIR_ARENA_BYTES]
    return fair[0] if fair else max(areas, key=lambda area: area.bytes)


def _named(option: str, name: str, areas: Sequence[Room]) -> Room:
    for area in areas:
        if name == area.region:
            return area
    names = [area.region for area in areas]
    raise UsageError(
        f"{option} {name}: no such memory is free.",
        f"{did_you_mean(name, names)}Free are {', '.join(names)}.",
    )


def _parts(
    board: Board,
    footprint: Footprint,
    data_bytes: int,
    placement: Placement,
    arena: Room,
    rooms: Sequence[Room],
) -> Iterator[tuple[str, Part]]:
    flash = board.flash.region
    yield from fixed_parts(board)
    yield flash, Part("code", footprint.code_bytes + upload_code_bytes(), estimate=True)
    yield placement.data_region, Part("stack", footprint.stack_bytes)
    yield placement.data_region, Part(".data + .bss", data_bytes, estimate=True)
    for what, area in (("arena", arena), *(("model", room) for room in rooms)):
        yield area.region, Part(what, area.bytes)


def _region_fits(board: Board, parts: Sequence[tuple[str, Part]]) -> tuple[RegionFit, ...]:
    return tuple(
        RegionFit(
            region=region.name,
            kind=region.kind.value,
            base=region.base,
            size_bytes=min(region.size, board.flash.used_limit)
            if region.name == board.flash.region
            else region.size,
            initialized=region.initialized or any(name == region.name for name, _ in parts),
            parts=tuple(part for name, part in parts if name == region.name),
        )
        for region in board.memories
    )
