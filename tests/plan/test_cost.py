"""Waiting for memories, against sums made by hand; and what the boards' figures come to."""

from __future__ import annotations

import pytest

from mcuzoo.board.load import list_boards, load_board
from mcuzoo.board.memory import ReadSpeed, Region, RegionKind
from mcuzoo.board.model import Board
from mcuzoo.plan.place.cost import refetched, wait_seconds
from mcuzoo.plan.place.traffic import ConstantUse, Reading

BOARD = load_board("rt1050")
CACHE_BYTES = BOARD.core.dcache_bytes


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


def use(
    bytes_: int,
    passes: int = 1,
    held_bytes: int | None = None,
    rounds: int = 1,
    operand_bytes: int = 0,
    scratch_bytes: int = 0,
) -> ConstantUse:
    held = bytes_ if held_bytes is None else held_bytes
    reading = Reading(rounds, passes, held, operand_bytes, scratch_bytes)
    return ConstantUse("it", 0, "CONV_2D", bytes_, passes, reading)


def waits(region: Region, it: ConstantUse, arena: str = "dtcm") -> float:
    """In clocks of the memory, which are 10 ns."""
    return wait_seconds(region, it, BOARD, [arena]) / 1e-8


def test_what_fits_the_cache_is_fetched_once() -> None:
    """32 lines: 32 x 10 clocks of waiting and 1024 bytes at 2 a clock."""
    assert waits(memory("flash"), use(1024, 9)) == pytest.approx(320 + 512)


def test_what_does_not_is_fetched_at_every_pass() -> None:
    """One byte more than that many lines takes another line."""
    bytes_ = 2 * CACHE_BYTES + 1
    lines = bytes_ // 32 + 1
    assert waits(memory("flash"), use(bytes_, 3)) == pytest.approx(3 * lines * (10 + 16))


def test_what_fits_about_is_fetched_ever_more_often() -> None:
    shares = [refetched(share * CACHE_BYTES, BOARD) for share in (0.5, 0.75, 1.0, 1.25, 2.0)]
    assert shares == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert waits(memory("flash"), use(CACHE_BYTES, 3)) == pytest.approx(
        2 * CACHE_BYTES // 32 * (10 + 16)
    )


def test_all_arrays_of_a_call_share_the_cache() -> None:
    once = waits(memory("flash"), use(512, 3))
    assert waits(memory("flash"), use(512, 3, held_bytes=CACHE_BYTES // 2)) == once
    assert waits(memory("flash"), use(512, 3, held_bytes=2 * CACHE_BYTES)) == 3 * once


def test_operands_and_scratch_memory_share_a_cache_that_they_go_through() -> None:
    """Operands once a pass, scratch memory at every round."""
    ocram = BOARD.regions_of("ocram")[0].name
    operands = use(512, 3, operand_bytes=6 * CACHE_BYTES)
    scratch = use(512, 3, rounds=3, scratch_bytes=2 * CACHE_BYTES)
    once = waits(memory("flash"), use(512, 3))
    for it in (operands, scratch):
        assert waits(memory("flash"), it) == once
        assert waits(memory("flash"), it, ocram) == 3 * once


def test_a_memory_that_is_read_ahead_waits_once_a_run() -> None:
    """Two runs of 512 bytes. The first line follows nothing: it waits the rest of what its share of
    a run is not."""
    flash = memory("flash", run_bytes=512)
    assert waits(flash, use(1024)) == pytest.approx(20 + 512 + 10 * (1 - 1 / 16))


def test_lines_apart_wait_each() -> None:
    flash = memory("flash", run_bytes=512)
    apart = ConstantUse("it", 0, "FULLY_CONNECTED", 1024, 1, Reading(1, 1, 1024, apart=True))
    assert waits(flash, apart) == pytest.approx(32 * 10 + 512)


def test_a_tcm_that_does_not_wait_costs_nothing() -> None:
    assert waits(memory("dtcm", False, wait_clocks=0), use(9999, 99)) == 0.0


def test_a_tcm_that_waits_does_so_at_every_access() -> None:
    """1000 accesses of 8 bytes, one clock each."""
    tcm = memory("dtcm", False, wait_clocks=1, bits_per_clock=64)
    assert waits(tcm, use(4000, 2)) == pytest.approx(1000)


def test_without_a_cache_every_pass_and_every_access_count() -> None:
    bare = memory("ocram", cacheable=False)
    assert waits(bare, use(64, 2)) == pytest.approx(64 * (10 + 1))


def test_a_memory_of_unknown_speed_counts_as_nothing() -> None:
    silent = memory("flash").model_copy(update={"read": None})
    assert waits(silent, use(64, 2)) == 0.0


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
