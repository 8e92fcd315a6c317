"""A measured arena as text: prediction and measurement side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcuzoo.link.stack_use import stack_use
from mcuzoo.measure.compare import ArenaRow
from mcuzoo.measure.fit import FitMeasurement

if TYPE_CHECKING:
    from rich.table import Table


def measurement_tables(found: FitMeasurement) -> tuple[Table, ...]:
    """The arena; and, when it was recorded, the parts of its tail."""
    tables = [_table("tensor arena", found.rows)]
    if found.recorded:
        tables.append(_table("tail, when recorded", found.recorded))
    return tuple(tables)


def measurement_findings(found: FitMeasurement) -> str:
    """What follows from it, line by line."""
    entry, plan = found.manifest.measured, found.manifest.plan
    assert entry is not None
    lines = [f"measured on {found.measured_on}; {found.measurement.trials} arenas tried"]
    if (stack := stack_use(entry.stack_bytes, entry.stack_used_bytes)) is not None:
        lines.append(f"stack {stack.used_bytes:,} of {stack.bytes:,} bytes used")
        lines += [f"warning: {stack.warning}"] if stack.warning else []
    lines.append(f"{found.project} reserves {plan.arena_text} and runs")
    return "".join(f"{line}\n" for line in lines)


def _table(title: str, rows: Sequence[ArenaRow]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("bytes")
    for column in ("predicted", "measured", "difference"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row.what,
            f"{row.predicted:,}",
            f"{row.measured:,}",
            f"{row.difference:+,}" if row.difference else "0",
        )
    return table
