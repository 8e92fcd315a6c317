"""A delegate's outputs on a page, beside the host's and those of the board's own CPU."""

from __future__ import annotations

from collections.abc import Iterator

from mcuzoo.report.html.blocks import Cell, Head, Table, number
from mcuzoo.run.score import Agreement, Flips
from mcuzoo.run.summary import RunSummary


def delegate_table(summary: RunSummary) -> Table | None:
    """A row per pair of engines; None where no delegate computed, or nothing was compared."""
    rows = tuple(_rows(summary)) if summary.meta.delegates else ()
    names = ("outputs byte-equal", "largest step", "flips", "95 % interval")
    heads = (Head("engines"), *(Head(name, right=True) for name in names))
    return Table("How far the engines are apart", heads, rows, sortable=False) if rows else None


def _rows(summary: RunSummary) -> Iterator[tuple[Cell, ...]]:
    names, cpu = " and ".join(summary.meta.delegates), summary.cpu
    if summary.agreement is not None:
        yield _row(f"{names} and the host", summary.agreement, summary.flips)
    if cpu is not None:
        own = f"the board's CPU ({summary.meta.cpu_engine or 'its kernels'})"
        yield _row(f"{names} and {own}", cpu.agreement, cpu.flips)
        yield _row(f"{own} and the host", None, cpu.host_flips)


def _row(name: str, outputs: Agreement | None, flips: Flips | None) -> tuple[Cell, ...]:
    equal, steps = Cell("-"), number(None)
    if outputs is not None:
        equal = Cell(f"{outputs.equal:,} of {outputs.compared:,}", outputs.equal)
        steps = number(outputs.largest_difference)
    if flips is None:
        return Cell(name), equal, steps, Cell("-"), Cell("-")
    low, high = flips.interval
    told = Cell(f"{flips.count:,} of {flips.compared:,}", flips.count)
    return Cell(name), equal, steps, told, Cell(f"{low:.3f} to {high:.3f}")
