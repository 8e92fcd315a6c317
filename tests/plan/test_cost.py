"""Waiting for memories, against sums made by hand; and what the boards' figures come to."""

from __future__ import annotations

import pytest

from mcuzoo.board.load import list_boards, load_board
from mcuzoo.board.memory import ReadSpeed, Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.plan.place.cost import Cache, constants_cache, fetched_bytes, wait_seconds
from mcuzoo.plan.place.traffic import ConstantUse

CACHE = Cache(bytes=1024, line_bytes=32)


def memory(kind: str, cacheable: bool = True, **read: int) -> Region:
    """100 MHz, 16 bits a clock, 10 clocks of waiting, unless said otherwise."""
    speed = {"clock_hz": 100_000_000, "bits_per_clock": 16, "wait_clocks": 10, **read}
    return Region(
        name="it",
        kind=RegionKind(kind),
        base=0,
        size=0x1_0000,
        cacheable=cacheable,
        arena=kind != "flash",
        source="test",
        read=ReadSpeed(source="test", **speed),
    )


def use(bytes_: int, passes: int = 1, together: int | None = None) -> ConstantUse:
    return ConstantUse("it", 0, "CONV_2D", bytes_, passes, together or bytes_)


def test_what_fits_the_cache_is_fetched_once() -> None:
    """32 lines: 32 x 10 clocks of waiting and 1024 bytes at 2 a clock, at 10 ns."""
    flash = memory("flash")
    assert fetched_bytes(flash, use(1024, 9), CACHE) == 1024
    assert wait_seconds(flash, use(1024, 9), CACHE) == pytest.approx((320 + 512) * 1e-8)


def test_what_does_not_is_fetched_at_every_pass() -> None:
    """1025 bytes are 33 lines."""
    flash = memory("flash")
    assert fetched_bytes(flash, use(1025, 3), CACHE) == 3 * 33 * 32
    assert wait_seconds(flash, use(1025, 3), CACHE) == pytest.approx(3 * (330 + 528) * 1e-8)


def test_all_arrays_of_a_kernel_share_the_cache() -> None:
    assert fetched_bytes(memory("flash"), use(512, 3, together=1024), CACHE) == 512
    assert fetched_bytes(memory("flash"), use(512, 3, together=1025), CACHE) == 3 * 512


def test_a_memory_that_is_read_ahead_waits_once_a_run() -> None:
    """Two runs of 512 bytes."""
    flash = memory("flash", run_bytes=512)
    assert wait_seconds(flash, use(1024), CACHE) == pytest.approx((20 + 512) * 1e-8)


def test_a_tcm_that_does_not_wait_costs_nothing() -> None:
    assert wait_seconds(memory("dtcm", False, wait_clocks=0), use(9999, 99), CACHE) == 0.0


def test_a_tcm_that_waits_does_so_at_every_access() -> None:
    """1000 accesses of 8 bytes, one clock each."""
    tcm = memory("dtcm", False, wait_clocks=1, bits_per_clock=64)
    assert wait_seconds(tcm, use(4000, 2), CACHE) == pytest.approx(1000 * 1e-8)


def test_without_a_cache_every_pass_and_every_access_count() -> None:
    bare = memory("ocram", cacheable=False)
    assert wait_seconds(bare, use(64, 2), CACHE) == pytest.approx(64 * (10 + 1) * 1e-8)


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_an_arena_in_cached_memory_takes_half_of_the_cache(board: Board) -> None:
    ocram = board.regions_of("ocram")[0].name
    assert constants_cache(board, ["dtcm"]).bytes == board.core.dcache_bytes
    assert constants_cache(board, ["dtcm", ocram]).bytes == board.core.dcache_bytes // 2


@pytest.mark.parametrize(
    ("board", "region", "peak_mb_s"),
    [
        ("rt1050", "flash", 266.0),
        ("rt1050", "ocram", 1200.0),
        ("rt1170", "flash", 66.5),
        ("rt1170", "ocram1", 1920.0),
    ],
)
def test_peak_rates_of_the_boards(board: str, region: str, peak_mb_s: float) -> None:
    read = load_board(board).region(region).read
    assert read is not None
    assert read.clock_hz * read.bits_per_clock / 8e6 == pytest.approx(peak_mb_s)


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_every_memory_that_may_hold_weights_has_a_speed(board: Board) -> None:
    for region in board.regions:
        if region.arena or region.name == board.flash.region:
            assert region.read is not None, region.name


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_flash_figures_are_those_of_the_boot_header(board: Board) -> None:
    """serial_clk_freq 7 means what it means on the chip; DDR read commands give a bit at both edges
    of every pad."""
    fcb, read = board.boot.fcb, board.flash_region.read
    assert read is not None
    assert fcb.serial_clk_freq == 7
    assert read.clock_hz == (120_000_000 if board.id in ("rt1060", "rt1064") else 133_000_000)
    (sequence,) = [entry for entry in fcb.lut if entry.seq == 0]
    edges = 2 if any(op.startswith("READ_DDR") for op in sequence.ops) else 1
    assert read.bits_per_clock == fcb.sflash_pad_type * edges
