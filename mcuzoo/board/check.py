"""What one table of a board file says against another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from mcuzoo.board.boot import FCB_BYTES
from mcuzoo.board.lines import Key
from mcuzoo.board.memory import Region, RegionKind
from mcuzoo.board.model import Board

_ADDRESS_SPACE = 1 << 32
_ALIGNMENT = 32  # smallest MPU region, one cache line


@dataclass(frozen=True)
class Contradiction:
    """`key`: where in the file; `message`: what is wrong there."""

    key: Key
    message: str


def contradictions(board: Board) -> tuple[Contradiction, ...]:
    """Everything in which the board contradicts itself."""
    return (
        *_regions(board),
        *_arena(board),
        *_flash(board),
        *_boot(board),
        *_peripherals(board),
    )


def _regions(board: Board) -> Iterator[Contradiction]:
    seen: set[str] = set()
    for index, region in enumerate(board.regions):
        where = ("regions", index)
        if region.name in seen:
            yield Contradiction((*where, "name"), f"{region.name!r} names two regions")
        seen.add(region.name)
        if region.end > _ADDRESS_SPACE:
            yield Contradiction((*where, "size"), f"{_span(region)} leaves the address space")
        if region.base % _ALIGNMENT or region.size % _ALIGNMENT:
            yield Contradiction(
                (*where, "base"), f"{_span(region)} is not {_ALIGNMENT}-byte aligned"
            )
    for (_, first), (index, second) in combinations(enumerate(board.regions), 2):
        if first.overlaps(second):
            yield Contradiction(
                ("regions", index, "base"),
                f"{second.name} {_span(second)} overlaps {first.name} {_span(first)}",
            )


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
    windows = board.peripherals
    for index, window in enumerate(windows):
        if window.base + window.size > _ADDRESS_SPACE:
            yield Contradiction(("peripherals", index, "size"), "leaves the address space")
        for region in board.regions:
            if window.base < region.end and region.base < window.base + window.size:
                yield Contradiction(
                    ("peripherals", index, "base"), f"overlaps region {region.name}"
                )
    if not any(window.base <= board.console.base < window.base + window.size for window in windows):
        yield Contradiction(("console", "base"), "lies in none of the [[peripherals]]")
    for list_name, stages in (("clocks", board.startup.clocks), ("pins", board.startup.pins)):
        for stage_index, stage in enumerate(stages):
            for step_index, step in enumerate(stage.steps):
                if step.do == "delay":
                    continue
                where = ("startup", list_name, stage_index, "steps", step_index, "addr")
                inside = any(w.base <= step.addr < w.base + w.size for w in windows)
                if step.addr % 4 or not inside:
                    yield Contradiction(
                        where, f"{step.addr:#x} is no word of any of the [[peripherals]]"
                    )


def _span(region: Region) -> str:
    return f"{region.base:#010x}-{region.end - 1:#010x}"
