"""A calibration as text and as a JSON document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from mcuzoo.calibrate.benchmarks import Kind
from mcuzoo.calibrate.calibrate import Calibration
from mcuzoo.calibrate.fitting import Row
from mcuzoo.errors import command
from mcuzoo.quoting import printable
from mcuzoo.tables import Column, table_text
from mcuzoo.timing.rates import RegionRates

_PER: dict[Kind, str] = {
    "read": "line",
    "code": "line or jump",
    "loop": "repetition",
    "kernel": "layer",
}
_FACTS: dict[Kind, tuple[str, ...]] = {
    "read": ("pattern", "memory", "caches"),
    "code": ("code", "memory", "caches"),
    "loop": ("instructions",),
    "kernel": ("kernel", "output"),
}
_FIGURES = ("predicted", "measured", "ratio", "by rates")


def calibration_text(found: Calibration, width: int = 80) -> str:
    """Tables of predicted and measured cycles, the rates, and what to do with them; ends with a
    newline."""
    rates = found.rates
    who = "the emulated board, so nothing here is a measurement" if found.emulated else "your board"
    lines = [
        printable(f"{rates.board} at {found.port}, {who}"),
        printable(f"firmware {rates.build_id[:8]} in {found.project}, by {rates.toolchain}"),
        "Cycles. ratio: predicted by the board file / measured. by rates: predicted by the rates "
        "below / measured.",
    ]
    for kind, per in _PER.items():
        rows = [row for row in found.rows if row.benchmark.kind == kind]
        lines += ["", f"{_title(kind)}, per {per}", _table(kind, rows, width).rstrip("\n")]
    lines += ["", "rates", *_rate_lines(found.rates.regions), *_summary(found.rows)]
    return "\n".join([*lines, *_next(found)]) + "\n"


def _title(kind: Kind) -> str:
    return {
        "read": "reads of each memory",
        "code": "code in flash",
        "loop": "rules of the core",
        "kernel": "kernels",
    }[kind]


def _table(kind: Kind, rows: Sequence[Row], width: int) -> str:
    columns = [
        *(Column(name) for name in _FACTS[kind]),
        *(Column(name, right=True) for name in _FIGURES),
    ]
    if kind == "kernel":
        rows = sorted(rows, key=lambda row: row.benchmark.what)
    cells = [
        [
            *_facts(row)[: len(_FACTS[kind])],
            _count(row.per_unit(row.predicted)),
            _count(row.per_unit(row.measured)),
            f"{row.ratio:.3f}",
            "" if row.fitted_ratio is None else f"{row.fitted_ratio:.3f}",
        ]
        for row in rows
    ]
    return table_text(columns, cells, width)


def _facts(row: Row) -> list[str]:
    benchmark = row.benchmark
    if benchmark.kind == "kernel":
        return [benchmark.what.removeprefix("mz_"), "x".join(map(str, benchmark.shape[1:]))]
    return [benchmark.what, benchmark.memory, "cold" if benchmark.cold else "warm"]


def _count(cycles: float | None) -> str:
    return "" if cycles is None else f"{cycles:,.0f}" if cycles >= 1000 else f"{cycles:,.2f}"


def _rate_lines(regions: dict[str, RegionRates]) -> Iterator[str]:
    for name, region in regions.items():
        text = f"  {name}: {region.line_cycles:,.1f} cycles a line"
        if region.wait_cycles:
            run = "" if region.run_bytes is None else f" and every {region.run_bytes:,} bytes"
            text += f", {region.wait_cycles:,.1f} more where none precedes it{run}"
        yield text
    if not regions:
        yield "  no memory waited"


def _summary(rows: Sequence[Row]) -> Iterator[str]:
    """How far the model is off, before and after."""
    for kind in ("read", "kernel"):
        of = [row for row in rows if row.benchmark.kind == kind]
        before, after = [row.ratio for row in of], [row.fitted_ratio or 0.0 for row in of]
        yield (
            f"{_title(kind)}: predicted / measured {min(before):.3f} to {max(before):.3f}; by "
            f"the rates {min(after):.3f} to {max(after):.3f}"
        )


def _next(found: Calibration) -> list[str]:
    board = found.rates.board
    if found.file is None:
        return [f"note: nothing was written; {command('--output', 'rates.toml')} writes the rates"]
    use = command("mcuzoo", "fit", "MODEL", "--board", board, "--rates", found.file)
    return [f"written  {found.file}: {found.rates.origin.origin}", f"next     {use}"]


def calibration_document(found: Calibration) -> dict[str, Any]:
    """The document that `mcuzoo calibrate --json` prints."""
    return {
        "board": found.rates.board,
        "port": found.port,
        "project": str(found.project),
        "rates": {
            **found.rates.model_dump(exclude={"rates"}),
            "regions": [
                {"region": name, **region.model_dump()}
                for name, region in found.rates.regions.items()
            ],
        },
        "file": None if found.file is None else str(found.file),
        "rows": [_row_document(row) for row in found.rows],
    }


def _row_document(row: Row) -> dict[str, Any]:
    benchmark = row.benchmark
    return {
        "kind": benchmark.kind,
        "what": benchmark.what,
        "memory": benchmark.memory or None,
        "cold": benchmark.cold,
        "shape": list(benchmark.shape) or None,
        "units": benchmark.units,
        "predicted": row.predicted,
        "measured": row.measured,
        "by_rates": row.fitted,
        "ratio": row.ratio,
        "ratio_by_rates": row.fitted_ratio,
        "spent": None if row.spent is None else asdict(row.spent),
    }
