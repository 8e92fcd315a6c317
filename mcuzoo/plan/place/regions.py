"""Each memory region's parts and whether they fit in it."""

from __future__ import annotations

from dataclasses import dataclass

from mcuzoo.board.memory import Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.lowering.alignment import align_up
from mcuzoo.plan.place.footprint import receive_ring_bytes
from mcuzoo.plan.place.needs import Needs
from mcuzoo.plan.place.placement import ITCM_BYTES, Placement

_SECTION_ALIGNMENT = 32
"""Alignment of copied sections, at both ends."""


@dataclass(frozen=True)
class Part:
    """Something that takes `bytes` of a region; `estimate` when no compiler has confirmed it.

    name: in words.
    """

    name: str
    bytes: int
    estimate: bool = False


@dataclass(frozen=True)
class RegionFit:
    """A region and what is planned for it.

    `size_bytes` is what may be used of it; `initialized` is false for memory that the firmware does
    not set up, so that nothing is ever planned for it. kind: "flash", "itcm", "dtcm", "ocram" or
    "sdram". base: its first address. parts: what is planned for it.
    """

    region: str
    kind: str
    base: int
    size_bytes: int
    initialized: bool
    parts: tuple[Part, ...]

    @property
    def used_bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def fits(self) -> bool:
        return self.used_bytes <= self.size_bytes

    @property
    def over_bytes(self) -> int:
        """Bytes that are missing; 0 when it fits."""
        return max(0, self.used_bytes - self.size_bytes)


def region_fits(needs: Needs, board: Board, placement: Placement) -> tuple[RegionFit, ...]:
    """Every memory of the board in its own order, the unused ones too."""
    board = board.apart(placement.regions)
    parts = _parts(needs, board, placement)
    return tuple(
        RegionFit(
            region=region.name,
            kind=region.kind.value,
            base=region.base,
            size_bytes=_usable_bytes(region, board),
            initialized=region.initialized,
            parts=tuple(part for name, part in parts if name == region.name and part.bytes),
        )
        for region in board.memories
    )


def fixed_parts(board: Board) -> list[tuple[str, Part]]:
    """Parts of every firmware: the header of its image; in the ITCM, copied code and, in an
    application for the SDK, data that survives a reset."""
    itcm = board.regions_of(RegionKind.ITCM)[:1]
    return [
        (board.flash.region, Part("boot header", board.boot.vector_table_offset)),
        *((region.name, Part("start-up", ITCM_BYTES)) for region in itcm),
    ]


def _usable_bytes(region: Region, board: Board) -> int:
    if region.name == board.flash.region:
        return min(region.size, board.flash.used_limit)
    return region.size


def _parts(needs: Needs, board: Board, placement: Placement) -> list[tuple[str, Part]]:
    flash = board.flash.region
    data = placement.data_region
    # data_bytes has the smallest ring in it.
    in_bss = placement.ring_bytes if placement.ring_region is None else 0
    in_bss -= receive_ring_bytes()
    parts = [
        *fixed_parts(board),
        (flash, Part("code", needs.code_bytes, estimate=True)),
        (flash, Part("constants", needs.constant_bytes)),
        *((region, Part("arena", bytes_)) for region, bytes_ in placement.arena_parts),
        (data, Part("stack", needs.stack_bytes)),
        (data, Part(".data + .bss", needs.data_bytes + in_bss, estimate=True)),
    ]
    if placement.ring_region is not None:
        parts.append((placement.ring_region, Part("receive ring", placement.ring_bytes)))
    if placement.code_region is not None:
        hot = align_up(needs.hot_bytes, _SECTION_ALIGNMENT)
        parts.append((placement.code_region, Part("code", hot, estimate=True)))
    copies = copied_bytes(needs, board, placement)
    return parts + [(region, Part("constants", bytes_)) for region, bytes_ in copies.items()]


def copied_bytes(needs: Needs, board: Board, placement: Placement) -> dict[str, int]:
    """Bytes of constants that are copied from the flash to each region, in the board's order."""
    flash = board.flash.region
    if not needs.constants:
        held_in = placement.weights_region
        return {} if held_in == flash else {held_in: needs.constant_bytes}
    found = {
        region.name: sum(
            use.room_bytes
            for use in needs.constants
            if placement.region_of(use.symbol) == region.name != flash
        )
        for region in board.apart(placement.regions).memories
    }
    return {name: align_up(bytes_, _SECTION_ALIGNMENT) for name, bytes_ in found.items() if bytes_}
