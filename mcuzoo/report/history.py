"""Runs over time, as a table per model and board, and for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcuzoo.history.changes import Compared
from mcuzoo.history.figures import RunFigures
from mcuzoo.history.trend import History, Point, Series
from mcuzoo.link.counts import agent_note
from mcuzoo.report.against import compared_documents
from mcuzoo.report.figures import accuracy_dict, clipped, flips_dict
from mcuzoo.run.latency import Latency
from mcuzoo.tables import Column, table_text

SHOWN = 20
"""So many of the newest runs of a series are shown in a terminal."""


def history_text(found: History, width: int = 80, color: bool = False) -> str:
    """A table per series, the newest run last, and what cannot be used; ends with a newline."""
    parts = [_series_text(series, width, color) for series in found.series]
    if found.unusable:
        parts.append("".join(f"not used  {one.folder}: {one.reason}\n" for one in found.unusable))
    verdicts = [f"{series_name(series)}: {state_text(series)}\n" for series in found.series]
    parts.append("".join(verdicts) or "No run is left.\n")
    return "\n".join(parts)


def _series_text(series: Series, width: int, color: bool) -> str:
    shown = series.points[-SHOWN:]
    units = {latency_unit(run.latency) for run in series.finished if run.latency is not None}
    unit = units.pop() if len(units) == 1 else ""
    heads = (
        Column("begun, UTC"), Column("top-1", right=True), Column("95 %"),
        Column(unit or "latency", right=True), Column("verdict"), Column("changed", wraps=True),
        *(Column(name, right=True, rank=rank) for rank, name in enumerate(_RARE, 2)),
    )  # fmt: skip
    rows = []
    for point, before in zip(shown, (None, *shown[:-1]), strict=True):
        rare = _rare(point.run)
        known = [""] * len(rare) if before is None else _rare(before.run)
        # Below its row a figure is told where it is another one than in the row before.
        told = (text if text != old else "" for text, old in zip(rare, known, strict=True))
        rows.append((*_row(point, unit), *told))
    bad = [place for place, one in enumerate(shown) if one.run.verdict.broke is not None]
    left = len(series.points) - len(shown)
    earlier = f"... and {left:,} earlier runs: --html and --json have them\n" if left else ""
    return f"{series_name(series)}\n{table_text(heads, rows, width, bad, color)}{earlier}"


_RARE = ("images", "arena", "code", "link faults")


def _rare(run: RunFigures) -> list[str]:
    """What seldom changes."""
    return [images_text(run), _number(run.arena), _number(run.code), _number(run.faults)]


def _row(point: Point, unit: str) -> tuple[str, ...]:
    run = point.run
    low, high = (None, None) if run.top1 is None else run.top1.interval
    return (
        f"{run.started:%Y-%m-%d %H:%M}",
        "-" if run.top1 is None else f"{run.top1.value:.4f}",
        "-" if low is None else f"{low:.3f}-{high:.3f}",
        latency_text(run.latency).removesuffix(f" {unit}"),
        verdict_text(run),
        changed_names(point.changed),
    )


def series_name(series: Series) -> str:
    """The model, the board, and whose arithmetic."""
    by = f", {series.delegate}" if series.delegate else ""
    return f"{series.model} on {series.board}{agent_note(series.agent)}{by}"


def images_text(run: RunFigures) -> str:
    return f"{run.images:,}" if run.images == run.total else f"{run.images:,} of {run.total:,}"


def latency_text(latency: Latency | None) -> str:
    """The median, as time only where it is one."""
    if latency is None:
        return "-"
    unit = latency_unit(latency)
    if latency.median_ms is not None:
        return f"{latency.median_ms:.3f} {unit}"
    return f"{latency.median / 1e6:.3f} {unit}"


def latency_unit(latency: Latency) -> str:
    """ms, or millions of what is counted and is no time."""
    if latency.median_ms is not None:
        return "ms"
    return "M instr." if latency.unit == "instructions" else f"M {clipped(latency.unit, 12)}"


def verdict_text(run: RunFigures) -> str:
    if not run.finished:
        return "unfinished"
    return run.verdict.text


def changed_names(changed: tuple[Compared, ...]) -> str:
    """The aspects that differ from the run before."""
    return ", ".join(dict.fromkeys(one.aspect.value for one in changed))


def state_text(series: Series) -> str:
    """How the newest finished run ended, and if it failed, since when and after what change."""
    if not series.finished:
        return "no run is finished"
    broken = series.broken_since
    if broken is None:
        newest = series.finished[-1]
        return f"{newest.verdict.text} ({newest.started:%Y-%m-%d %H:%M})"
    broke, first, before = broken
    when = f"since {first.run.started:%Y-%m-%d %H:%M} ({first.run.folder})"
    if before is None:
        return f"FAIL: {broke.value}, {when}, the first run"
    what = changed_names(first.changed)
    return f"FAIL: {broke.value}, {when}; changed then: {what or 'nothing that runs record'}"


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def history_document(found: History) -> dict[str, Any]:
    """The document; what a journal does not know is null."""
    return {
        "runs": found.runs,
        "series": [
            {
                "model": series.model,
                "board": series.board,
                "agent": series.agent,
                "delegate": series.delegate,
                "broken_since": _broken(series),
                "runs": [_point(point) for point in series.points],
            }
            for series in found.series
        ],
        "unusable": [{"run": str(one.folder), "reason": one.reason} for one in found.unusable],
    }


def _broken(series: Series) -> dict[str, Any] | None:
    broken = series.broken_since
    if broken is None:
        return None
    broke, first, before = broken
    return {
        "broke": broke.value,
        "run": str(first.run.folder),
        "started": first.run.meta.started,
        "last_good": None if before is None else str(before.folder),
    }


def _point(point: Point) -> dict[str, Any]:
    run = point.run
    meta, latency = run.meta, run.latency
    return {
        "run": str(run.folder),
        "started": meta.started,
        "tool_version": meta.tool_version,
        "model_sha256": meta.board.model_sha256,
        "build_id": meta.board.build_id,
        "compiler": meta.board.toolchain,
        "images": {
            "done": run.images,
            "total": run.total,
            "pending": run.pending,
            "unanswered": run.unanswered,
        },
        "finished": run.finished,
        "top1": None if run.top1 is None else accuracy_dict(run.top1),
        "host_top1": None if run.host_top1 is None else accuracy_dict(run.host_top1),
        "outputs": {
            "compared": 0 if run.agreement is None else run.agreement.compared,
            "unequal": run.mismatches or 0,
        },
        "flips": flips_dict(run.unlike.flips),
        "latency": None
        if latency is None
        else {"unit": latency.unit, "median": latency.median, "median_ms": latency.median_ms},
        "arena_bytes": run.arena,
        "code_bytes": run.code,
        "constant_bytes": run.constants,
        "link_faults": run.faults,
        "verdict": {
            "passed": run.verdict.passed,
            "broke": None if run.verdict.broke is None else run.verdict.broke.value,
        },
        "changed": compared_documents(point.changed),
    }


def problems(found: History) -> Iterator[str]:
    """A sentence per series whose newest finished run did not pass."""
    for series in found.series:
        if series.broken_since is not None:
            yield f"{series_name(series)}: {state_text(series)}."
