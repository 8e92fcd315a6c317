"""The fit verdict, and the measured arena, as text and as JSON documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from mcuzoo.link.counts import stack_use
from mcuzoo.plan.place.estimate import waits
from mcuzoo.project.kinds import why_not_kept
from mcuzoo.project.manifest import ConstantEntry, PlanEntry
from mcuzoo.prose import wrapped
from mcuzoo.report.arena import (
    arena_text,
    next_image_text,
    parts_text,
    timeline_text,
)
from mcuzoo.report.estimate import choices_text, runtime_text, time_document, time_text
from mcuzoo.tables import Column, table_text

if TYPE_CHECKING:
    from mcuzoo.board.rated import RatesOf
    from mcuzoo.codegen.universal_fit import UniversalFit
    from mcuzoo.measure.arena import ArenaRow
    from mcuzoo.measure.fit import FitMeasurement
    from mcuzoo.plan.fit import FitReport
    from mcuzoo.plan.tflm.image import TflmImage


def fit_text(report: FitReport, width: int, color: bool = False) -> str:
    """The verdict by region, the constants, the arena over time, and what to do next."""
    other = report.other
    lines = [*_fit(report, width, color)]
    if other is not None:
        lines.append(f"with --runtime {other.runtime}: {runtime_text(other)}")
    return wrapped(lines, width)


def _fit(report: FitReport, width: int, color: bool) -> Iterator[str]:
    columns = (
        Column("region"),
        *(Column(name, right=True) for name in ("used", "size", "")),
        Column("parts (~ estimated)", wraps=True),
    )
    rows = []
    for region in report.regions:
        row = (
            region.region,
            f"{region.used_bytes:,}",
            f"{region.size_bytes:,}",
            f"{region.used_bytes / region.size_bytes:.0%}",
            parts_text(region),
        )
        rows.append(row)
    over = {number for number, region in enumerate(report.regions) if not region.fits}
    yield (f"{report.model} on {report.board}, runtime {report.runtime}, project {report.project}")
    yield table_text(columns, rows, width, over, color).rstrip("\n")
    yield (
        f"arena {arena_text(report.placement)}; peak at op "
        f"{report.peak.index} {report.peak.name}, which needs {report.peak.live_bytes:,}"
    )
    if report.hot_saves_s is not None:
        yield (
            f"it does not fit {report.placement.arena_region} as a whole: what is moved most is "
            f"there, which by estimate saves {report.hot_saves_s * 1e3:,.2f} ms of waiting per "
            "inference; --arena-region keeps it together"
        )
    if report.streamed is not None:
        yield (
            f"input consumed as it arrives, by the operators up to {report.streamed.last_op}; rows "
            f"wait in {report.streamed.row_bytes:,} bytes of the arena"
        )
    if report.saved.channels:
        yield (
            f"{report.saved.channels:,} channels are the same for every input and left out: "
            f"{report.saved.macs:,} MACs and {report.saved.bytes:,} bytes of weights less"
        )
    if report.cycles is not None:
        yield time_text(report.cycles)
        if report.choices:
            yield choices_text(report.choices, report.cycles.core_clock_hz)
    elif report.fits:
        yield f"time not estimated for the runtime {report.runtime}"
    yield next_image_text(report.placement, report.output_bytes)
    if report.tflm is not None:
        tflm, plan = report.tflm.arena, report.tflm.plan
        yield (
            f"TFLM uses {tflm.used_bytes:,} of it, by prediction: head {tflm.head_bytes:,} "
            f"({plan} plan), tail {tflm.tail_bytes:,}; --measure tries it"
        )
    yield from constants_text(
        report.constants, report.flash_region, report.copy_s, width, report.rates
    ).splitlines()
    yield from timeline_text(report.timeline, width=width).splitlines()
    for gap in report.uncovered:
        yield f"not covered: op {gap.op.index} {gap.op.name}: {gap.reason}"
    for warning in report.warnings:
        yield f"warning: {warning}"
    yield from (f"budget: {one.text}" for one in report.budgets)
    if report.reason is not None:
        yield f"verdict: {report.runtime} DOES NOT RUN IT: {report.reason}"
    else:
        yield verdict_line(report.fits, report.passed)
    if report.next_step:
        yield f"next: {report.next_step}"


def fit_document(report: FitReport) -> dict[str, object]:
    """The document that `mcuzoo fit --json` prints; sizes in bytes."""
    return {
        "model": report.model,
        "board": report.board,
        "runtime": report.runtime,
        "fits": report.fits,
        "reason": report.reason,
        "regions": [
            {**asdict(region), "used_bytes": region.used_bytes, "fits": region.fits}
            for region in report.regions
        ],
        "placement": asdict(report.placement),
        "hot_saves_s": report.hot_saves_s,
        "copy_s": report.copy_s,
        "constants": [asdict(entry) for entry in report.constants],
        "arena_bytes": report.arena_bytes,
        "lower_bound_bytes": report.lower_bound_bytes,
        "constant_bytes": report.constant_bytes,
        "peak": asdict(report.peak),
        "timeline": asdict(report.timeline),
        "constant_channels": asdict(report.saved),
        "rates": report.rates and asdict(report.rates),
        "time": report.cycles and time_document(report.cycles),
        "choices": [
            {"what": one.what, "cycles": one.cycles, "calls": list(one.calls)}
            for one in report.choices
        ],
        "uncovered": [
            {
                "op": gap.op.index,
                "name": gap.op.name,
                "tensor": gap.tensor,
                "reason": gap.reason,
            }
            for gap in report.uncovered
        ],
        "warnings": list(report.warnings),
        "next_step": report.next_step,
        "streamed": report.streamed and asdict(report.streamed),
        "tflm": report.tflm and _tflm_document(report.tflm),
        "project": report.project,
        "why_not_ahead": why_not_kept(report.output_bytes) or None,
        "other_runtime": report.other and asdict(report.other),
        "budgets": [asdict(one) for one in report.budgets],
    }


def _tflm_document(image: TflmImage) -> dict[str, object]:
    arena = image.arena
    return {
        "plan": image.plan,
        "kernels": arena.kernels,
        "head_bytes": arena.head_bytes,
        "tail_bytes": arena.tail_bytes,
        "used_bytes": arena.used_bytes,
        "smallest_bytes": arena.smallest_bytes,
        "arena_bytes": arena.arena_bytes,
        "tail": {part.what: part.bytes for part in arena.tail},
    }


def fit_headline(fits: bool, passed: bool) -> str:
    """The verdict in a few words. passed: it fits, and no budget says no."""
    if not fits:
        return "does not fit"
    return "fits" if passed else "fits, and a budget does not hold"


def verdict_line(fits: bool, passed: bool) -> str:
    """The last line of a fit. passed: it fits, and no budget says no."""
    if not fits:
        return "verdict: DOES NOT FIT"
    return "verdict: fits" if passed else "verdict: FAIL: it fits, and a budget does not hold"


def universal_fit_text(found: UniversalFit, width: int = 80) -> str:
    """The memory for arena and models, and whether one model runs."""
    placement, model = found.plan.placement, found.model
    lines = [
        f"universal firmware on {found.board}",
        f"arena: {placement.arena_bytes:,} bytes in {placement.arena_region}",
        *(
            f"models: up to {room.capacity_bytes:,} bytes in {room.region}"
            for room in found.plan.rooms
        ),
    ]
    if model is not None:
        where = f"goes to {model.region}" if model.region else "no room has space for it"
        lines += [
            f"{model.model}: {model.bytes:,} bytes, {where}",
            f"its arena: {model.arena_bytes:,} of {placement.arena_bytes:,} bytes",
        ]
    lines += [f"budget: {one.text}" for one in found.budgets]
    if model is not None or not found.passed:
        lines.append(verdict_line(found.fits, found.passed))
    return wrapped(lines, width)


def universal_fit_document(found: UniversalFit) -> dict[str, object]:
    """The document that `mcuzoo fit --universal --json` prints; sizes in bytes."""
    placement, model = found.plan.placement, found.model
    document: dict[str, object] = {
        "board": found.board,
        "arena_region": placement.arena_region,
        "arena_bytes": placement.arena_bytes,
        "rooms": [
            {"region": room.region, "bytes": room.capacity_bytes} for room in found.plan.rooms
        ],
        "regions": [asdict(region) for region in found.plan.regions],
        "budgets": [asdict(one) for one in found.budgets],
    }
    if model is not None:
        document |= {
            "model": model.model,
            "model_bytes": model.bytes,
            "model_region": model.region,
            "model_arena_bytes": model.arena_bytes,
            "fits": model.fits,
        }
    return document


MOST_ROWS = 8


def constants_summary(plan: PlanEntry) -> str:
    """Bytes by region: "flash 1,024, dtcm 512"; only the region's name if there is one region."""
    found: dict[str, int] = {}
    for entry in plan.constants:
        found[entry.region] = found.get(entry.region, 0) + entry.bytes
    if len(found) < 2:
        return next(iter(found), plan.weights_region)
    return ", ".join(f"{region} {bytes_:,}" for region, bytes_ in found.items())


def constants_text(
    entries: Sequence[ConstantEntry],
    flash: str,
    copy_s: float | None = None,
    width: int = 80,
    rates: RatesOf | None = None,
) -> str:
    """Lines: the constants that are copied to RAM and why, the estimated saving, and a table, at
    most `width` columns wide, of the arrays with the longest waits. copy_s: extra time of
    start-up. rates: that the waits go by; None: those of the board file."""
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
            + (
                ": peak rates of the board file, nothing overlapped"
                if rates is None
                else f": rates {rates.origin}, nothing overlapped"
            )
        )
        if copy_s is not None:
            lines.append(f"copying them makes start-up about {copy_s * 1e3:,.1f} ms longer")
        lines += _slowest(entries, width)
    return "\n".join(lines) + "\n" if entries else ""


def _slowest(entries: Sequence[ConstantEntry], width: int) -> list[str]:
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


def measurement_text(found: FitMeasurement, width: int) -> str:
    """The arena and, if recorded, the parts of its tail. Ends with a newline."""
    text = _table("tensor arena", found.rows, width)
    if found.recorded:
        text += "\n" + _table("tail, when recorded", found.recorded, width)
    return text


def measurement_findings(found: FitMeasurement, width: int = 80) -> str:
    """What follows from the measurement, line by line."""
    entry, plan = found.manifest.measured, found.manifest.plan
    assert entry is not None
    lines = [f"measured on {found.measured_on}; {found.measurement.trials} arenas tried"]
    if (stack := stack_use(entry.stack_bytes, entry.stack_used_bytes)) is not None:
        lines.append(f"stack {stack.used_bytes:,} of {stack.bytes:,} bytes used")
        lines += [f"warning: {stack.warning}"] if stack.warning else []
    lines.append(f"{found.project} reserves {arena_text(plan)} and runs")
    lines += [f"budget: {one.text}" for one in found.budgets]
    return wrapped(lines, width)


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


def measurement_document(found: FitMeasurement) -> dict[str, object]:
    """The measurement in the document that `--json` prints; sizes in bytes."""
    entry = found.manifest.measured
    assert entry is not None
    stack = stack_use(entry.stack_bytes, entry.stack_used_bytes)
    return {
        **asdict(entry),
        "stack_warning": stack and stack.warning,
        "project": str(found.project),
        "measured_on": found.measured_on,
        "trials": found.measurement.trials,
        "reserved_bytes": found.manifest.plan.arena_bytes,
        "rows": [_row(row) for row in found.rows],
        "recorded": [_row(row) for row in found.recorded],
        "budgets": [asdict(one) for one in found.budgets],
    }


def _row(row: ArenaRow) -> dict[str, object]:
    return {**asdict(row), "difference": row.difference}
