"""A run as a few lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from mcuzoo.run.latency import Latency
from mcuzoo.run.record import Row, Status
from mcuzoo.run.score import Accuracy
from mcuzoo.run.summary import RunSummary

_SHOWN = 5
_NOT_MEASURED = "not measured"


def summary_text(summary: RunSummary) -> str:
    """The summary as aligned lines, the verdict last; ends with a newline."""
    pairs = [*_facts(summary), *_findings(summary)]
    width = max(len(name) for name, _ in pairs)
    return "".join(f"{name:<{width}}  {text}\n" for name, text in pairs)


def _facts(summary: RunSummary) -> Iterator[tuple[str, str]]:
    board = summary.meta.board
    counts = summary.counts
    rate = summary.images_per_second
    yield "model", summary.meta.model
    emulated = ", emulated" if board.emulated else ""
    yield "board", f"{board.board}{emulated}: {board.runtime}, {board.toolchain}"
    others = [f"{counts[s]} {s.value}" for s in Status if s is not Status.DONE and counts[s]]
    yield "images", ", ".join([f"{counts[Status.DONE]} of {len(summary.rows)} done", *others])
    yield "top-1", _accuracy(summary.top1)
    if summary.top5 is not None:
        yield "top-5", _accuracy(summary.top5)
    yield "reference", _agreement(summary)
    yield "latency", _latency(summary.latency, counts[Status.DONE])
    yield "throughput", _NOT_MEASURED if rate is None else f"{rate:.2f} images/s"
    if (stack := summary.meta.stack) is not None:
        yield "stack", f"{stack.used_bytes:,} of {stack.bytes:,} bytes used"
    if summary.resent:
        yield "resent", f"{summary.resent} times"


def _findings(summary: RunSummary) -> Iterator[tuple[str, str]]:
    yield from _some("failed", [_failure(row) for row in summary.rows if row.error is not None])
    yield from _some(
        "unequal",
        [
            f"{row.file}: off by up to {row.reference_difference} steps"
            for row in summary.rows
            if row.reference_difference
        ],
    )
    verdict = summary.verdict
    yield from (("warning", warning) for warning in verdict.warnings)
    yield from (("reason", reason) for reason in verdict.reasons)
    yield "verdict", "pass" if verdict.broke is None else f"FAIL: {verdict.broke.value}"


def _some(name: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    yield from ((name, line) for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield name, f"... and {len(lines) - _SHOWN} more: mcuzoo report RUN --csv FILE"


def _failure(row: Row) -> str:
    return f"{row.file}: {row.status.value}: {row.error}"


def _accuracy(accuracy: Accuracy | None) -> str:
    if accuracy is None:
        return "no labels"
    low, high = accuracy.interval
    return (
        f"{accuracy.value:.4f} ({accuracy.correct} of {accuracy.total}; "
        f"95 % interval {low:.3f} to {high:.3f})"
    )


def _agreement(summary: RunSummary) -> str:
    agreement = summary.agreement
    if agreement is None:
        return "not compared"
    return f"{agreement.equal} of {agreement.compared} outputs byte-equal to the host's"


def _latency(latency: Latency | None, done: int) -> str:
    if latency is None:
        return _NOT_MEASURED
    spread = f"{latency.median:,}"
    if latency.minimum != latency.maximum:
        spread = f"median {spread}, {latency.minimum:,} to {latency.maximum:,}"
    images = f"{latency.counted} of {done} images counted"
    if latency.median_ms is None:
        return f"{spread} instructions, which are not time (emulated; {images})"
    clock_mhz = latency.core_clock_hz / 1e6
    return f"{latency.median_ms:.2f} ms at {clock_mhz:g} MHz ({spread} cycles; {images})"
