"""From what the benchmarks took to rates of memories and of kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcuzoo.board.model import Board
from mcuzoo.calibrate.benchmarks import LINE_BYTES, RANDOM, SEQUENTIAL, STRIDED, Benchmark
from mcuzoo.timing.cycles import Cycles
from mcuzoo.timing.rates import LEAST_CYCLES, MOST_CYCLES, RegionRates

_LEAST_WAIT_CYCLES = 1.0
_SAME = 0.05
"""Lines in order and not in order that differ by less take the same time."""
_READ_AHEAD_BYTES = 1024
"""What a memory is taken to read ahead whose board file does not say so, and which does."""
_LEAST_FACTOR, _MOST_FACTOR = 0.1, 10.0


@dataclass(frozen=True)
class Row:
    """Cycles of one benchmark. predicted: what the model says by the board file. measured: by the
    board. fitted: what the model says by the measured rates; None before they are known. spent:
    what these are spent for."""

    benchmark: Benchmark
    predicted: int
    measured: int
    fitted: int | None = None
    spent: Cycles | None = None

    @property
    def ratio(self) -> float:
        """predicted / measured."""
        return self.predicted / self.measured

    @property
    def fitted_ratio(self) -> float | None:
        return None if self.fitted is None else self.fitted / self.measured

    def per_unit(self, count: int | None) -> float | None:
        """`count` per line, jump or repetition."""
        return None if count is None else count / self.benchmark.units


def region_rates(board: Board, rows: Sequence[Row]) -> dict[str, RegionRates]:
    """The rates of the cached memories that were read. The same loads with all lines in the cache
    are what the core takes; what is above is the memory's. None of a memory as fast as the cache,
    which no memory is: an emulated one, of which no rate is known."""
    found: dict[str, RegionRates] = {}
    for region in board.regions:
        reads = {
            (row.benchmark.what, row.benchmark.cold): row.measured / row.benchmark.units
            for row in rows
            if row.benchmark.kind == "read" and row.benchmark.memory == region.name
        }
        if (SEQUENTIAL, True) not in reads:
            continue
        core = reads[SEQUENTIAL, False]
        in_order = reads[SEQUENTIAL, True] - core
        jumps = (reads[STRIDED, True] + reads[RANDOM, True]) / 2 - core
        if min(in_order, jumps) < _LEAST_WAIT_CYCLES:
            continue
        run_bytes = region.read.run_bytes if region.read is not None else None
        found[region.name] = _rates(in_order, jumps, run_bytes)
    return found


def _rates(in_order: float, jumps: float, run_bytes: int | None) -> RegionRates:
    """in_order: cycles of a line that follows the one before, the mean of a run, which waits once;
    jumps: of one that does not. run_bytes: of a run, by the board file."""
    apart = jumps - in_order
    if apart > _SAME * in_order and run_bytes is None:
        run_bytes = _READ_AHEAD_BYTES
    if run_bytes is None or run_bytes <= LINE_BYTES or apart <= 0:
        return _within((in_order + jumps) / 2, 0.0, run_bytes)
    # in_order = line + wait / lines of a run; jumps = line + wait
    wait = apart / (1 - LINE_BYTES / run_bytes)
    return _within(jumps - wait, wait, run_bytes)


def _within(line: float, wait: float, run_bytes: int | None) -> RegionRates:
    """Whatever a board counts, within the bounds of a file."""
    return RegionRates(
        line_cycles=round(min(max(line, LEAST_CYCLES), MOST_CYCLES), 3),
        wait_cycles=round(min(wait, MOST_CYCLES), 3),
        run_bytes=run_bytes,
    )


def kernel_factors(rows: Sequence[Row]) -> dict[str, float]:
    """Measured / modelled core cycles of each class of kernels, by name; `rows` have what the model
    spends by the measured rates. A class that waits longer than it was measured has none."""
    return dict(_factors([row for row in rows if row.benchmark.kind == "kernel"]))


def _factors(rows: Sequence[Row]) -> Iterator[tuple[str, float]]:
    for name in sorted({row.benchmark.what for row in rows}):
        own = [row for row in rows if row.benchmark.what == name and row.spent is not None]
        core = sum(row.spent.issue + row.spent.branches for row in own if row.spent)
        waits = sum(row.spent.total for row in own if row.spent) - core
        if core <= 0:
            continue
        factor = (sum(row.measured for row in own) - waits) / core
        if _LEAST_FACTOR <= factor <= _MOST_FACTOR:
            yield name, round(factor, 4)
