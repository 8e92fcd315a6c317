"""The MPU maps what is there, with the right attributes, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.board.load import list_boards
from mcuzoo.board.memory import Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.board.mpu import Access, MpuRegion, mpu_regions


def mapped(regions: tuple[MpuRegion, ...], address: int) -> Access:
    """The attributes that the MPU gives an address: those of the last region that holds it."""
    access = Access.NONE
    for region in regions:
        if any(start <= address < end for start, end in region.spans):
            access = region.access
    return access


def ram(name: str, base: int, size: int) -> Region:
    return Region(
        name=name,
        kind=RegionKind.OCRAM,
        base=base,
        size=size,
        cacheable=True,
        arena=True,
        source="test",
    )


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_board_memories_are_mapped_by_kind(board: Board) -> None:
    regions = mpu_regions(board.regions, board.peripherals)
    assert len(regions) <= board.core.mpu_regions
    expected = {
        RegionKind.ITCM: Access.CODE,
        RegionKind.FLASH: Access.CODE,
        RegionKind.DTCM: Access.DATA,
        RegionKind.OCRAM: Access.DATA,
    }
    for region in board.regions:
        wanted = expected[region.kind] if region.initialized else Access.NONE
        for address in (region.base, region.base + region.size // 2, region.end - 4):
            assert mapped(regions, address) is wanted, region.name
    assert mapped(regions, board.console.base) is Access.DEVICE
    assert mapped(regions, board.region("dtcm").base - 4) is Access.NONE
    assert mapped(regions, board.region("dtcm").end) is Access.NONE


def test_every_region_is_one_that_the_mpu_takes() -> None:
    for board in list_boards():
        for region in mpu_regions(board.regions, board.peripherals):
            assert region.base % (1 << region.log2_bytes) == 0
            assert region.skip < 0xFF
            assert region.skip == 0 or region.log2_bytes >= 8


def test_neighbours_share_a_region() -> None:
    regions = mpu_regions([ram("a", 0x2024_0000, 0x8_0000), ram("b", 0x202C_0000, 0x8_0000)], [])
    assert [region.names for region in regions[1:]] == [("a", "b")]


@given(st.integers(0, 2000), st.integers(1, 2000), st.sampled_from([32, 256, 4096, 32768]))
def test_any_memory_is_covered_exactly(start: int, length: int, unit: int) -> None:
    base, size = start * unit, length * unit
    _, *pieces = mpu_regions([ram("ram", base, size)], [])
    spans = []
    for piece in pieces:
        if piece.log2_bytes < 8:
            assert piece.skip == 0
            spans.append((piece.base, piece.base + (1 << piece.log2_bytes)))
        else:
            spans += piece.spans
    at = base
    for begin, end in sorted(spans):
        assert begin == at
        at = end
    assert at == base + size
