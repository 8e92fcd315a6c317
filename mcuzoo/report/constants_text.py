"""Where the constants are, in words, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from mcuzoo.plan.place.estimate import waits
from mcuzoo.project.manifest import ConstantEntry, PlanEntry
from mcuzoo.tables import Column, table_text

MOST_ROWS = 8


def constants_summary(plan: PlanEntry) -> str:
    """Bytes by region: "flash 1,024, dtcm 512"; the region alone where there is but one."""
    found: dict[str, int] = {}
    for entry in plan.constants:
        found[entry.region] = found.get(entry.region, 0) + entry.bytes
    if len(found) < 2:
        return next(iter(found), plan.weights_region)
    return ", ".join(f"{region} {bytes_:,}" for region, bytes_ in found.items())


def constants_text(
    entries: Sequence[ConstantEntry], flash: str, copy_s: float | None = None, width: int = 80
) -> str:
    """What is copied to RAM and why, an estimate of what that saves, and the arrays that the core
    would wait for longest; lines, the table's of at most `width` columns. copy_s: what start-up
    takes longer."""
    copied: dict[str, int] = {}
    for entry in entries:
        if entry.region != flash:
            copied[entry.region] = copied.get(entry.region, 0) + entry.bytes
    total = sum(entry.bytes for entry in entries)
    where = ", ".join(f"{region} {bytes_:,}" for region, bytes_ in copied.items())
    rest = f"; the rest stays in {flash}" if sum(copied.values()) < total else ""
    lines = [
        f"constants {total:,} bytes: "
        + (f"copied at start-up to {where}{rest}" if copied else f"in {flash}")
    ]
    known = waits(entries)
    if known is not None:
        there, here = known
        lines.append(
            f"by estimate the core waits {here * 1e3:,.2f} ms per inference for them"
            + (f", {there * 1e3:,.2f} ms were all in {flash}" if copied else "")
            + ": peak rates of the board file, nothing overlapped"
        )
        if copy_s is not None:
            lines.append(f"copying them makes start-up about {copy_s * 1e3:,.1f} ms longer")
        lines += _rows(entries, width)
    return "\n".join(lines) + "\n" if entries else ""


def _rows(entries: Sequence[ConstantEntry], width: int) -> list[str]:
    slowest = sorted(entries, key=lambda entry: -(entry.flash_wait_s or 0.0))[:MOST_ROWS]
    figures = ("bytes", "passes", "us in flash", "us here")
    columns = (
        Column("op", right=True),
        *(Column(name, right=True) for name in figures),
        Column("where, why", wraps=True),
    )
    rows = []
    for entry in slowest:
        there, here = (entry.flash_wait_s or 0.0) * 1e6, (entry.wait_s or 0.0) * 1e6
        op = "all" if entry.op < 0 else str(entry.op)
        where = f"{entry.region}: {entry.why}"
        rows.append(
            (op, f"{entry.bytes:,}", f"{entry.passes:,}", f"{there:,.1f}", f"{here:,.1f}", where)
        )
    lines = table_text(columns, rows, width).splitlines()
    if len(entries) > MOST_ROWS:
        lines.append(f"     and {len(entries) - MOST_ROWS} smaller ones: see --json or --html")
    return lines
