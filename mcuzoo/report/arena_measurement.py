"""A measured arena as text: prediction and measurement side by side."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.link.stack_use import stack_use
from mcuzoo.measure.compare import ArenaRow
from mcuzoo.measure.fit import FitMeasurement
from mcuzoo.tables import Column, table_text


def measurement_text(found: FitMeasurement, width: int) -> str:
    """The arena; and, when it was recorded, the parts of its tail. Ends with a newline."""
    text = _table("tensor arena", found.rows, width)
    if found.recorded:
        text += "\n" + _table("tail, when recorded", found.recorded, width)
    return text


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


def _table(title: str, rows: Sequence[ArenaRow], width: int) -> str:
    figures = ("predicted", "measured", "difference")
    columns = (Column(f"{title}: bytes", wraps=True), *(Column(f, right=True) for f in figures))
    cells = [
        (
            row.what,
            f"{row.predicted:,}",
            f"{row.measured:,}",
            f"{row.difference:+,}" if row.difference else "0",
        )
        for row in rows
    ]
    return table_text(columns, cells, width)
