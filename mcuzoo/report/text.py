"""A run as a few lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from mcuzoo.link.counts import UNKNOWN_UNIT, agent_note
from mcuzoo.link.state import LinkState
from mcuzoo.run.latency import Latency
from mcuzoo.run.predictions import Chooser, Shown
from mcuzoo.run.record import Row, Status
from mcuzoo.run.score import Accuracy
from mcuzoo.run.summary import RunSummary, predictions_of

_SHOWN = 5
_NOT_MEASURED = "not measured"


def summary_text(summary: RunSummary, show: int | None = None) -> str:
    """The summary as aligned lines, the verdict last; ends with a newline.

    show: so many predictions; None: all of a few, else the worst misses.
    """
    pairs = [*_predictions(summary, show).lines(), *_facts(summary), *_findings(summary)]
    width = max(len(name) for name, _ in pairs)
    return "".join(f"{name:<{width}}  {text}\n" for name, text in pairs)


def _predictions(summary: RunSummary, show: int | None) -> Shown:
    chooser = Chooser(show)
    for prediction in predictions_of(summary.rows):
        chooser.add(prediction)
    return chooser.shown(summary.meta.class_names)


def _facts(summary: RunSummary) -> Iterator[tuple[str, str]]:
    board = summary.meta.board
    counts = summary.counts
    rate = summary.images_per_second
    yield "model", summary.meta.model
    yield "board", f"{board.board}{agent_note(board.kind)}: {board.runtime}, {board.toolchain}"
    others = [f"{counts[s]} {s.value}" for s in Status if s is not Status.DONE and counts[s]]
    yield "images", ", ".join([f"{counts[Status.DONE]} of {len(summary.rows)} done", *others])
    yield "top-1", _accuracy(summary.top1)
    if summary.top5 is not None:
        yield "top-5", _accuracy(summary.top5)
    yield "reference", _agreement(summary)
    yield "latency", _latency(summary.latency, counts[Status.DONE], board.kind)
    yield "throughput", _NOT_MEASURED if rate is None else f"{rate:.2f} images/s"
    if (stack := summary.meta.stack) is not None:
        yield "stack", f"{stack.used_bytes:,} of {stack.bytes:,} bytes used"
    if summary.resent:
        yield "resent", f"{summary.resent} times"
    if summary.meta.link is not None and not summary.meta.link.clean:
        yield "line", line_text(summary.meta.link)


def line_text(link: LinkState) -> str:
    """What the line has lost, and what was done about it, in one line."""
    facts = [
        (link.frames_resent, f"{link.frames_resent:,} of {link.frames_sent:,} frames sent again"),
        (link.bad_frames, f"{link.bad_frames:,} damaged from the board"),
        (link.board_bad_frames, f"{link.board_bad_frames:,} to it"),
        (link.board_lost_bytes, f"{link.board_lost_bytes:,} bytes lost in its receiver"),
        (link.reconnects, f"{link.reconnects} reconnect{'s' if link.reconnects > 1 else ''}"),
        (link.frames_resent, f"chunks down to {link.smallest_chunk_bytes} bytes"),
    ]
    return ", ".join(text for count, text in facts if count)


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


def _latency(latency: Latency | None, done: int, agent: str) -> str:
    if latency is None:
        return _NOT_MEASURED
    spread = f"{latency.median:,}"
    if latency.minimum != latency.maximum:
        spread = f"median {spread}, {latency.minimum:,} to {latency.maximum:,}"
    images = f"{latency.counted} of {done} images counted"
    if latency.unit == UNKNOWN_UNIT:
        return f"{spread} of what the board does not say ({images})"
    who = agent_note(agent).removeprefix(", ")
    kind = f"{who}; " if who else ""
    if latency.median_ms is None:
        return f"{spread} {latency.unit}, which are not time ({kind}{images})"
    clock = f" at {latency.core_clock_hz / 1e6:g} MHz" if latency.unit == "cycles" else ""
    return f"{latency.median_ms:.2f} ms{clock} ({kind}{spread} {latency.unit}; {images})"
