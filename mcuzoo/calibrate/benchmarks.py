"""The micro-benchmarks of a board: which memories are read how, which code runs, which loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mcuzoo.board.memory import Region
from mcuzoo.board.model import Board
from mcuzoo.codegen.benchmarks import BenchmarkRow

Kind = Literal["read", "code", "loop", "kernel"]
"""Loads from a memory; straight or jumping code of the flash; a loop about a rule of the core; a
layer of the network."""

LINE_BYTES = 32
_LINES = 512
"""Half of a data cache of 32 KB, so that what the timing needs stays in the other half."""
_WARM_LINES = 128
_NTH = 4
_CODE_LINES = 128
_REPEATS = 64 * 8
_FLASH_OFFSET = 0x1_0000


@dataclass(frozen=True)
class Benchmark:
    """One micro-benchmark.

    kind: see Kind. what: a pattern of reads or code, the name of a loop, the class of a kernel.
    memory: the region, "" for a loop. cold: nothing of it is in the caches. units: how many
    fetched lines, jumps or repetitions its cycles are for. row: as the firmware has it; None for a
    kernel, which the network has. shape: of a kernel's output.
    """

    kind: Kind
    what: str
    memory: str = ""
    cold: bool = False
    units: int = 1
    row: BenchmarkRow | None = None
    shape: tuple[int, ...] = ()


_PATTERNS = {
    # name: the next line is factor * line + step
    "sequential": (1, 1),
    f"every {_NTH}th line": (1, _NTH),
    # A full cycle of the window (Hull and Dobell 1962): every line once, hardly two in order.
    "random": (5, 331),
}
SEQUENTIAL, STRIDED, RANDOM = _PATTERNS
STRAIGHT, JUMPING = "straight code", "jumping code"

_LOOPS = {
    "2 products": "products",
    "product, load": "products_and_loads",
    "2 loads, 2 banks": "loads_of_two_banks",
    "2 loads, 1 bank": "loads_of_one_bank",
    "load of a pair": "loads_of_pairs",
    "load, its product": "load_then_product",
    "2 extensions": "extensions",
    "2 stores, words": "stores_of_words",
    "2 stores, bytes": "stores_of_bytes",
    "division": "divisions",
    "branch by chance": "branches_by_chance",
}
"""Instructions of a repetition: the function of firmware/calibrate/mz_benchmarks.h."""


def benchmarks_of(board: Board) -> tuple[Benchmark, ...]:
    """What a firmware of `board` times behind its network."""
    found: list[Benchmark] = []
    for region in board.started_for(region.name for region in board.regions).regions:
        if region.initialized:
            found += _reads(board, region)
    return (*found, *_codes(board), *_loops())


def _reads(board: Board, region: Region) -> Iterator[Benchmark]:
    offset = _FLASH_OFFSET if region.name == board.flash.region else 0
    lines = _LINES
    while offset + _NTH * lines * LINE_BYTES > region.size:
        lines //= 2
    base = region.base + offset
    if not region.cacheable:
        yield _read(region.name, SEQUENTIAL, base, lines, lines)
        return
    # As many loads as of the others, so that what begins and ends a loop is the same share.
    yield _read(region.name, SEQUENTIAL, base, min(lines, _WARM_LINES), lines)
    for pattern in _PATTERNS:
        window = _NTH * lines if pattern == STRIDED else lines
        yield _read(region.name, pattern, base, window, lines, cold=True)


def _read(
    memory: str, pattern: str, base: int, lines: int, count: int, *, cold: bool = False
) -> Benchmark:
    factor, step = _PATTERNS[pattern]
    caches = "MZ_BENCHMARK_COLD_DATA" if cold else "MZ_BENCHMARK_WARM"
    title = f"{memory}, {pattern}, {'cold' if cold else 'warm'}"
    row = BenchmarkRow(title, caches, "", base, lines - 1, factor, step, count)
    # The first line is in the cache in any case: mz_benchmarks.c.
    return Benchmark("read", pattern, memory, cold, count - cold, row)


def _codes(board: Board) -> Iterator[Benchmark]:
    for what in (STRAIGHT, JUMPING):
        function = f"mz_benchmark_{what.replace(' ', '_')}"
        for cold in (False, True):
            caches = "MZ_BENCHMARK_COLD_CODE" if cold else "MZ_BENCHMARK_WARM"
            row = BenchmarkRow(f"{what}, {'cold' if cold else 'warm'}", caches, function)
            yield Benchmark("code", what, board.flash.region, cold, _CODE_LINES, row)


def _loops() -> Iterator[Benchmark]:
    for what, function in _LOOPS.items():
        yield Benchmark(
            "loop",
            what,
            units=_REPEATS,
            row=BenchmarkRow(what, "MZ_BENCHMARK_WARM", f"mz_benchmark_{function}"),
        )
