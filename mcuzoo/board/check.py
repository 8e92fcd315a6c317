"""What one table of a board file says against another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from mcuzoo.board.boot import FCB_BYTES
from mcuzoo.board.lines import Key
from mcuzoo.board.memory import Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.board.mpu import mpu_regions
from mcuzoo.board.startup import DelayStep

_ADDRESS_SPACE = 1 << 32
_LINKER_WORD = re.compile(r"o|org|origin|l|len|length|room_[0-9]+|region_alias")
_ALIGNMENT = 32  # smallest MPU region, one cache line


@dataclass(frozen=True)
class Contradiction:
    """`key`: where in the file; `message`: what is wrong there."""

    key: Key
    message: str


def contradictions(board: Board) -> tuple[Contradiction, ...]:
    """Everything in which the board contradicts itself."""
    found = (
        *_regions(board),
        *_joins(board),
        *_arena(board),
        *_flash(board),
        *_boot(board),
        *_peripherals(board),
    )
    return found or tuple(_mpu(board))


def _regions(board: Board) -> Iterator[Contradiction]:
    seen: set[str] = set()
    for index, region in enumerate(board.regions):
        where = ("regions", index)
        if _LINKER_WORD.fullmatch(region.name):
            yield Contradiction((*where, "name"), f"{region.name!r} is a word of linker scripts")
        if region.name in seen:
            yield Contradiction((*where, "name"), f"{region.name!r} names two regions")
        seen.add(region.name)
        if region.end > _ADDRESS_SPACE:
            yield Contradiction((*where, "size"), f"{_span(region)} leaves the address space")
        elif region.base % _ALIGNMENT or region.size % _ALIGNMENT:
            yield Contradiction(
                (*where, "base"), f"{_span(region)} is not {_ALIGNMENT}-byte aligned"
            )
    for (_, first), (index, second) in combinations(enumerate(board.regions), 2):
        if first.overlaps(second):
            yield Contradiction(
                ("regions", index, "base"),
                f"{second.name} {_span(second)} overlaps {first.name} {_span(first)}",
            )


def _joins(board: Board) -> Iterator[Contradiction]:
    seen: set[str] = set()
    for index, join in enumerate(board.joins):
        where = ("joins", index, "regions")
        known = {region.name: region for region in board.regions}
        unknown = [name for name in join.regions if name not in known]
        if unknown:
            yield Contradiction(where, f"{', '.join(unknown)}: no such region")
            continue
        if seen & set(join.regions) or len(set(join.regions)) < len(join.regions):
            yield Contradiction(where, f"a region of {join.name} is in two joins, or twice in one")
        seen |= set(join.regions)
        for one, other in pairwise(known[name] for name in join.regions):
            if one.end != other.base:
                yield Contradiction(
                    where, f"{other.name} {_span(other)} does not follow {one.name} {_span(one)}"
                )
            if _nature(one) != _nature(other):
                yield Contradiction(
                    where,
                    f"{one.name} and {other.name} differ in kind, cacheable, arena, initialized or "
                    "read speed",
                )


def _nature(region: Region) -> tuple[object, ...]:
    read = region.read and region.read.model_dump(exclude={"source"})
    return (region.kind, region.cacheable, region.arena, region.initialized, read)


def _arena(board: Board) -> Iterator[Contradiction]:
    for index, region in enumerate(board.regions):
        if region.arena and not region.writable:
            yield Contradiction(
                ("regions", index, "arena"), f"{region.name} is {region.kind.value}: not writable"
            )
    if not any(region.arena and region.initialized for region in board.regions):
        yield Contradiction(
            ("regions",), "no initialized region has arena = true: nowhere to put a tensor arena"
        )
    if len(board.regions_of(RegionKind.DTCM)) != 1:
        yield Contradiction(
            ("regions",), "exactly one region of kind dtcm is needed, for data and stack"
        )


def _flash(board: Board) -> Iterator[Contradiction]:
    name = board.flash.region
    region = next((region for region in board.regions if region.name == name), None)
    if region is None or region.kind is not RegionKind.FLASH:
        yield Contradiction(("flash", "region"), f"{name!r} is no region of kind flash")
        return
    for key, size in (
        (("flash", "used_limit"), board.flash.used_limit),
        (("boot", "boot_data_size"), board.boot.boot_data_size),
    ):
        if size > region.size:
            yield Contradiction(key, f"{size} is more than region {name} has, {region.size}")
    if board.boot.fcb.sflash_a1_size < board.flash.used_limit:
        yield Contradiction(
            ("boot", "fcb", "sflash_a1_size"), "is less than flash.used_limit: not all is mapped"
        )


def _boot(board: Board) -> Iterator[Contradiction]:
    boot = board.boot
    parts = (
        ("image_offset", boot.image_offset, 0),
        ("fcb_offset", boot.fcb_offset, FCB_BYTES),
        ("ivt_offset", boot.ivt_offset, 32),
        ("boot_data_offset", boot.boot_data_offset, 16),
        ("vector_table_offset", boot.vector_table_offset, 0),
    )
    for (name, offset, size), (next_name, next_offset, _) in pairwise(parts):
        if next_offset < offset + size:
            yield Contradiction(
                ("boot", next_name), f"{next_offset:#x} does not come after {name} {offset:#x}"
            )
    if boot.vector_table_offset % 1024:
        yield Contradiction(
            ("boot", "vector_table_offset"), "a table of 256 vectors must be 1024-byte aligned"
        )
    if boot.vector_table_offset >= board.flash.used_limit:
        yield Contradiction(("boot", "vector_table_offset"), "lies beyond flash.used_limit")


def _peripherals(board: Board) -> Iterator[Contradiction]:
    for index, window in enumerate(board.peripherals):
        if window.end > _ADDRESS_SPACE:
            yield Contradiction(("peripherals", index, "size"), "leaves the address space")
        for region in board.regions:
            if window.base < region.end and region.base < window.end:
                yield Contradiction(
                    ("peripherals", index, "base"), f"overlaps region {region.name}"
                )
    for key, address in _register_addresses(board):
        if address % 4 or not any(window.holds(address) for window in board.peripherals):
            yield Contradiction(key, f"{address:#x} is no word of any of the [[peripherals]]")


def _register_addresses(board: Board) -> Iterator[tuple[Key, int]]:
    """Every address that start-up or console take for a register's, and where it stands."""
    yield ("console", "base"), board.console.base
    for index, watchdog in enumerate(board.startup.watchdogs):
        yield ("startup", "watchdogs", index, "base"), watchdog.base
    startup = board.startup
    groups = (("clocks", startup.clocks), ("pins", startup.pins), ("sdram", startup.sdram))
    for name, stages in groups:
        for index, stage in enumerate(stages):
            parts = (("when", stage.when), ("unless", stage.unless), ("steps", stage.steps))
            for part, rows in parts:
                for row_index, row in enumerate(rows):
                    if not isinstance(row, DelayStep):
                        yield ("startup", name, index, part, row_index, "addr"), row.addr


def _mpu(board: Board) -> Iterator[Contradiction]:
    needed = len(mpu_regions(board.with_sdram().regions, board.peripherals))
    if needed > board.core.mpu_regions:
        yield Contradiction(
            ("core", "mpu_regions"),
            f"mapping the memories takes {needed}: align or merge [[regions]]",
        )


def _span(region: Region) -> str:
    return f"{region.base:#010x}-{region.end - 1:#010x}"
