"""The figures of a run that budgets are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mcuzoo.budgets import BudgetResult, Figure, judge
from mcuzoo.link.counts import UNKNOWN_UNIT, milliseconds
from mcuzoo.run.record import RunMeta

if TYPE_CHECKING:
    from mcuzoo.run.latency import Latency
    from mcuzoo.run.score import Accuracy, Agreement, BesideCpu, Flips
    from mcuzoo.run.verdict import Unlike, Verdict


class Measured(Protocol):
    """The figures of a run, as a RunSummary has them."""

    @property
    def meta(self) -> RunMeta: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def top1(self) -> Accuracy | None: ...
    @property
    def agreement(self) -> Agreement | None: ...
    @property
    def mismatches(self) -> int | None: ...
    @property
    def unlike(self) -> Unlike: ...
    @property
    def cpu(self) -> BesideCpu | None: ...
    @property
    def latency(self) -> Latency | None: ...


def judged_budgets(summary: Measured) -> tuple[BudgetResult, ...]:
    """Each budget of the run. summary: with a verdict that knows of no budget but `min_top1` and
    `max_mismatches`."""
    meta, latency = summary.meta, summary.latency
    figures = {
        "min_top1": _top1(summary),
        "max_mismatches": _mismatches(summary),
        "max_flips": _flips(summary),
        "max_latency_ms": latency_figure(latency),
        "max_instructions": instructions_figure(latency),
        "max_arena_bytes": _arena(meta),
        "max_flash_bytes": _flash(meta),
        "max_line_errors": _line_errors(meta),
    }
    return judge(meta.settings.budgets, figures, meta.settings.strict_budgets)


def _top1(summary: Measured) -> Figure:
    broke, top1 = summary.verdict.broke, summary.top1
    if broke is not None and broke.value != "model":
        return Figure(None, f"an accuracy says nothing while the {broke.value} is broken")
    if top1 is None:
        # Whoever asks for an accuracy may have lost the labels: that must not pass.
        return Figure(None, "Top-1 is not known: no image with a label was answered", fails=True)
    return top1_figure(top1)


def top1_figure(top1: Accuracy) -> Figure:
    """The rate of right answers."""
    return Figure(top1.value, f"Top-1 is {top1.value:.4f} of {top1.total:,} images")


def _mismatches(summary: Measured) -> Figure:
    count, agreement = summary.mismatches, summary.agreement
    if count is None or agreement is None:
        return Figure(None, "outputs were not compared with the host's")
    text = f"{agreement.equal:,} of {agreement.compared:,} outputs are byte-equal to the host's"
    if summary.unlike.foreign:
        return unequal_figure(text, summary.meta.delegates)
    return Figure(count, text)


def unequal_figure(text: str, delegates: Sequence[str]) -> Figure:
    """Of outputs that need not be the host's bytes. text: how many are."""
    names = " and ".join(delegates)
    return Figure(
        None,
        f"{text}, and {names} computes by another arithmetic; --max-flips bounds its answers",
        part="delegate",
    )


def _flips(summary: Measured) -> Figure:
    flips, whose = summary.unlike.flips, "the host's"
    if flips is None and summary.cpu is not None:
        flips, whose = summary.cpu.flips, "those of the board's own CPU"
    if flips is None:
        return Figure(None, "answers were not compared with the host's")
    figure = flips_figure(flips, whose)
    return figure if summary.meta.delegates else replace(figure, part="firmware")


def flips_figure(flips: Flips, whose: str) -> Figure:
    """The answers that are not `whose`, with the interval of their share."""
    low, high = flips.interval
    text = (
        f"{flips.count:,} of {flips.compared:,} answers are not {whose} "
        f"(95 % interval {low:.4f} to {high:.4f})"
    )
    return Figure(flips.count, text, share=flips.value)


def latency_figure(latency: Latency | None) -> Figure:
    """Milliseconds of the slowest inference."""
    if latency is None:
        return Figure(None, _NOT_COUNTED)
    slowest = milliseconds(latency.maximum, latency.unit, latency.core_clock_hz)
    if slowest is None or latency.median_ms is None:
        return Figure(None, f"{_said(latency.unit)}, which are not time")
    median = "" if latency.counted == 1 else f", the median {latency.median_ms:,.3f} ms"
    return Figure(slowest, f"The longest inference took {slowest:,.3f} ms{median}")


def instructions_figure(latency: Latency | None) -> Figure:
    """Instructions of the slowest inference."""
    if latency is None:
        return Figure(None, _NOT_COUNTED)
    if latency.unit != "instructions":
        return Figure(None, f"{_said(latency.unit)} and no instructions")
    text = f"The longest inference took {latency.maximum:,} instructions"
    return Figure(latency.maximum, text)


_NOT_COUNTED = "nothing was counted, or boards count differently"


def _said(unit: str) -> str:
    who = "the emulated board" if unit == "instructions" else "the board"
    return f"{who} counts {'what it does not say' if unit == UNKNOWN_UNIT else unit}"


def _arena(meta: RunMeta) -> Figure:
    board = meta.board
    if meta.settings.upload is not None:  # the firmware's arena is as large as memory allows
        used = board.arena_used
        return Figure(
            used or None, f"The model uses {used:,} bytes of the arena" if used else _NO_ARENA
        )
    size = board.arena_bytes
    return Figure(size or None, f"The arena has {size:,} bytes" if size else _NO_ARENA)


_NO_ARENA = "the board does not say how large its arena is"


def _flash(meta: RunMeta) -> Figure:
    if meta.build is None:
        return Figure(None, "an older run, whose journal does not have the size of the firmware")
    size = meta.build.flash_bytes
    if size is None:
        return Figure(None, "mcuzoo did not make the build that the board runs")
    return Figure(size, f"The firmware takes {size:,} bytes of flash")


def _line_errors(meta: RunMeta) -> Figure:
    count = meta.line_errors
    if count is None:
        return Figure(None, "an older run, whose journal knows nothing of its line")
    frames = sum(link.frames_sent for link in meta.links)
    return Figure(count, f"{count:,} errors of the line, {frames:,} frames sent")
