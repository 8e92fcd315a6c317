"""Micro-benchmarks of a firmware, as C: firmware/calibrate/mz_benchmarks.h says what each does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcuzoo.board.model import Board
from mcuzoo.codegen.board_files import C_WORDS
from mcuzoo.codegen.templates import render

BENCHMARK_TABLE = "model/mz_benchmark_table.c"
"""The file of a project that only a firmware of micro-benchmarks has."""


@dataclass(frozen=True)
class BenchmarkRow:
    """One mz_benchmark. title: for the reader. caches: an mz_benchmark_caches. code: the C function
    that is timed; "" for loads, to which the rest belongs. base: the first address of the window;
    last_line: its lines less one. factor, step: from line n to line n * factor + step. count: of
    the loads."""

    title: str
    caches: str
    code: str = ""
    base: int = 0
    last_line: int = 0
    factor: int = 0
    step: int = 0
    count: int = 0


def render_benchmarks(board: Board, rows: Sequence[BenchmarkRow]) -> dict[str, str]:
    """BENCHMARK_TABLE by path; nothing without rows."""
    if not rows:
        return {}
    text = render("aot/mz_benchmark_table.c.j2", board=board, rows=rows, hex32=C_WORDS["hex32"])
    return {BENCHMARK_TABLE: text}
