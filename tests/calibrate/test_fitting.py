"""Rates from counts whose memories are known."""

from __future__ import annotations

import pytest

from mcuzoo.board.load import list_boards, load_board
from mcuzoo.board.memory import RegionKind
from mcuzoo.calibrate.benchmarks import LINE_BYTES, SEQUENTIAL, Benchmark, benchmarks_of
from mcuzoo.calibrate.firmware import kernels_of
from mcuzoo.calibrate.fitting import Row, kernel_factors, region_rates
from mcuzoo.calibrate.network import calibration_network
from mcuzoo.graph.read import parse_model
from mcuzoo.timing.cycles import Cycles

BOARD = load_board("rt1050")
CORE = 8.0


def reads(memory: str, in_order: float, jumps: float) -> list[Row]:
    """Rows of `memory`, whose lines take so many cycles above what the core takes."""
    found = []
    for benchmark in benchmarks_of(BOARD):
        if benchmark.kind == "read" and benchmark.memory == memory:
            wait = (in_order if benchmark.what == SEQUENTIAL else jumps) if benchmark.cold else 0.0
            taken = round(benchmark.units * (CORE + wait))
            found.append(Row(benchmark, taken, taken))
    return found


def test_a_memory_that_reads_ahead_waits_once_for_each_run() -> None:
    # 1,024 bytes are 32 lines: 72 cycles each, and 64 once.
    rates = region_rates(BOARD, reads("flash", 72 + 64 / 32, 72 + 64))["flash"]
    assert rates.line_cycles == pytest.approx(72, rel=0.002)
    assert rates.wait_cycles == pytest.approx(64, rel=0.005)
    assert rates.run_bytes == 1024


def test_a_memory_that_does_not_waits_for_every_line() -> None:
    rates = region_rates(BOARD, reads("ocram", 16, 16.2))["ocram"]
    assert rates.line_cycles == pytest.approx(16.1, rel=0.005)
    assert (rates.wait_cycles, rates.run_bytes) == (0, None)


def test_lines_in_order_that_are_faster_mean_that_something_reads_ahead() -> None:
    rates = region_rates(BOARD, reads("sdram", 60, 80))["sdram"]
    assert rates.run_bytes == 1024
    runs = 1024 / LINE_BYTES
    assert rates.line_cycles + rates.wait_cycles / runs == pytest.approx(60, rel=0.005)
    assert rates.line_cycles + rates.wait_cycles == pytest.approx(80, rel=0.005)


def test_no_rate_of_a_memory_that_never_waited() -> None:
    assert not region_rates(BOARD, reads("ocram", 0.1, 0.2))


def test_absurd_counts_give_rates_within_bounds() -> None:
    """Whatever a board says."""
    for in_order, jumps in ((1, 1e6), (1e5, 1), (1.5, 1.6)):
        for memory in ("flash", "sdram"):
            region_rates(BOARD, reads(memory, in_order, jumps))


def test_a_factor_is_of_the_core_without_its_waits() -> None:
    benchmark = Benchmark("kernel", "mz_add_s8_dsp")
    spent = Cycles(issue=800, branches=100, code=60, data={"flash": 40})
    rows = [Row(benchmark, 900, 1450, 1000, spent), Row(benchmark, 900, 1450, 1000, spent)]
    assert kernel_factors(rows) == {"mz_add_s8_dsp": 1.5}
    late = Row(benchmark, 900, 150, 1000, spent)
    assert not kernel_factors([late]), "it waits longer than it was measured"


def test_each_class_of_kernels_has_three_shapes() -> None:
    model = parse_model(calibration_network(), "calibration")
    shapes: dict[str, set[tuple[int, ...]]] = {}
    for benchmark in kernels_of(model, BOARD).values():
        shapes.setdefault(benchmark.what, set()).add(benchmark.shape)
    fast = {
        *("conv_2d_stem_s8_dsp", "conv_2d_s8_dsp", "pointwise_s8_dsp", "depthwise_3x3_s8_dsp"),
        *("pointwise_depthwise_s8_dsp", "fully_connected_s8_dsp", "add_s8_dsp", "softmax_s8"),
        *("average_pool_2d_s8", "max_pool_2d_s8"),
    }
    assert {f"mz_{name}" for name in fast} <= shapes.keys()
    assert {name for name, seen in shapes.items() if len(seen) < 3} <= {"mz_copy_s8"}


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_every_memory_is_read_within_its_bounds(board: object) -> None:
    from mcuzoo.board.model import Board

    assert isinstance(board, Board)
    regions = {region.name: region for region in board.with_sdram().regions}
    seen = set()
    for benchmark in benchmarks_of(board):
        row = benchmark.row
        assert row is not None
        if benchmark.kind != "read":
            continue
        region = regions[benchmark.memory]
        seen.add(region.name)
        assert region.base <= row.base
        assert row.base + (row.last_line + 1) * LINE_BYTES <= region.end
        assert (row.last_line + 1).bit_count() == 1
        lines = [0]
        while len(lines) < row.count:
            lines.append((lines[-1] * row.factor + row.step) & row.last_line)
        if benchmark.cold:
            assert len(set(lines)) == row.count, "each line is fetched once"
    assert seen == regions.keys() or {
        region.kind for name, region in regions.items() if name not in seen
    } == {RegionKind.SDRAM}
