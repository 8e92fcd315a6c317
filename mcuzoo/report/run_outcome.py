"""A run as an outcome: its claims, and its figures as measures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mcuzoo.errors import command
from mcuzoo.link.counts import milliseconds
from mcuzoo.project.manifest import MANIFEST_NAME
from mcuzoo.report.claims import claims_of
from mcuzoo.report.figures import accuracy_text, equality_text, flips_text
from mcuzoo.report.outcome import (
    Measure,
    Outcome,
    arena_measure,
    code_measure,
    flash_measure,
    top1_measure,
)
from mcuzoo.run.summary import RunSummary
from mcuzoo.run.verdict import Verdict


def run_outcome(summary: RunSummary, folder: Path) -> Outcome:
    """folder: of the run."""
    meta, verdict = summary.meta, summary.verdict
    return Outcome(
        subject=f"{meta.model} on {meta.board.board}",
        group=f"mcuzoo.{meta.board.board}.{meta.model}",
        headline=_headline(verdict),
        passed=verdict.passed,
        claims=claims_of(summary),
        reasons=verdict.reasons,
        warnings=verdict.warnings,
        facts=tuple(_in_words(summary)),
        more=command("mcuzoo", "report", folder, "--html", "run.html"),
        file=Path(meta.settings.project) / MANIFEST_NAME,
        started=meta.started,
        seconds=sum(row.seconds or 0.0 for row in summary.rows),
        board=meta.board.board,
        model=meta.model,
        measures=tuple(_measures(summary)),
    )


def _in_words(summary: RunSummary) -> Iterator[str]:
    if summary.top1 is not None:
        yield f"Top-1 {accuracy_text(summary.top1)}"
    if summary.meta.delegates and summary.flips is not None and summary.agreement is not None:
        yield f"{equality_text(summary.agreement)}; {flips_text(summary.flips)}"


def _headline(verdict: Verdict) -> str:
    if verdict.broke is None:
        return verdict.text
    if verdict.budget is not None:
        return f"the {verdict.broke.value} is beyond {verdict.budget}"
    return f"the {verdict.broke.value} broke"


def _measures(summary: RunSummary) -> Iterator[Measure]:
    meta, latency = summary.meta, summary.latency
    yield Measure("images", len(summary.rows), "Images of the run.")
    yield top1_measure(summary.top1)
    yield Measure(
        "top5", None if summary.top5 is None else summary.top5.value, "Top-5 accuracy, 0 to 1."
    )
    yield Measure("mismatches", summary.mismatches, "Outputs unlike those of the host.")
    if meta.delegates:
        flips, agreement = summary.flips, summary.agreement
        count = None if flips is None else flips.count
        yield Measure("flips", count, "Answers unlike those of the host.")
        steps = None if agreement is None else agreement.largest_difference
        yield Measure("largest_step", steps, "Largest difference of an output's values.")
    if latency is not None and latency.unit == "instructions":
        yield Measure("instructions", latency.median, "Of an inference, the median.")
        yield Measure("instructions_max", latency.maximum, "Of an inference, the most.")
    if latency is not None and latency.median_ms is not None:
        slowest = milliseconds(latency.maximum, latency.unit, latency.core_clock_hz)
        yield Measure("latency_ms", latency.median_ms, "Of an inference, the median.")
        yield Measure("latency_max_ms", slowest, "Of an inference, the slowest.")
    yield arena_measure(meta.board.arena_bytes or None)
    if meta.build is not None:
        yield flash_measure(meta.build.flash_bytes)
        yield code_measure(meta.build.code_bytes)
    if meta.line_errors is not None:
        yield Measure(
            "line_errors", meta.line_errors, "Frames damaged or lost, links opened again."
        )
