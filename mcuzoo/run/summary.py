"""A run in figures, computed from its journal alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcuzoo.run.latency import Latency, measure_latency
from mcuzoo.run.record import Row, RunMeta, Status
from mcuzoo.run.score import Accuracy, Agreement, ClassScore
from mcuzoo.run.tally import Prediction, Tally
from mcuzoo.run.verdict import Verdict, judge


@dataclass(frozen=True)
class RunSummary:
    """A run in figures. top1 and top5 are None without labels, top5 also below 6 classes."""

    meta: RunMeta
    rows: tuple[Row, ...]
    counts: dict[Status, int]
    top1: Accuracy | None
    top5: Accuracy | None
    classes: tuple[ClassScore, ...]
    agreement: Agreement | None
    latency: Latency | None
    images_per_second: float | None
    resent: int
    verdict: Verdict

    @property
    def unanswered(self) -> int:
        """Images that `--resume` would run again."""
        return sum(count for status, count in self.counts.items() if not status.final)


def summarize(meta: RunMeta, rows: Sequence[Row]) -> RunSummary:
    """The figures and the verdict of a run, finished or not."""
    done = [row for row in rows if row.status is Status.DONE]
    counts = {status: sum(row.status is status for row in rows) for status in Status}
    tally = Tally(meta.classes)
    for row in done:
        tally.add(row)
    scores, agreement = tally.scores, tally.agreement
    seconds = sum(row.seconds or 0.0 for row in done)
    return RunSummary(
        meta=meta,
        rows=tuple(rows),
        counts=counts,
        top1=None if scores is None else scores.top1,
        top5=None if scores is None else scores.top5,
        classes=tally.per_class(meta.class_names),
        agreement=agreement,
        latency=measure_latency(
            [row.cycles for row in done], meta.board.core_clock_hz, meta.board.unit
        ),
        images_per_second=len(done) / seconds if seconds else None,
        resent=sum(max(0, (row.attempts or 1) - 1) for row in done),
        verdict=judge(
            counts=counts,
            unequal=agreement.compared - agreement.equal if agreement else 0,
            top1=None if scores is None else scores.top1,
            min_top1=meta.settings.min_top1,
            strict=meta.settings.strict,
            wrong_layer=meta.wrong_layer,
            stack=meta.stack,
        ),
    )


def predictions_of(rows: Sequence[Row]) -> Iterator[Prediction]:
    """Of the images that have an answer, in data set order."""
    for row in rows:
        if row.status is Status.DONE and row.top1 is not None and row.score is not None:
            yield Prediction(row.index, row.file, row.label, row.top1, row.score)
