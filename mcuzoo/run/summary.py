"""The figures of a run, computed from its journal only, with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from mcuzoo.budgets import BudgetResult
from mcuzoo.data.output_form import Cell
from mcuzoo.run.board_summary import (
    BoardSummary,
    board_findings,
    board_warnings,
    summarize_boards,
)
from mcuzoo.run.budgets import judged_budgets
from mcuzoo.run.label_order import WrongOrder
from mcuzoo.run.latency import Latency, measure_latency
from mcuzoo.run.record import Row, RunMeta, Status
from mcuzoo.run.score import Accuracy, Agreement, BesideCpu, ClassScore, Flips, flips_of
from mcuzoo.run.tally import Prediction, Tally
from mcuzoo.run.verdict import Unlike, Verdict, verdict_of, with_boards, with_budgets


def beside_cpu(rows: Sequence[Row]) -> BesideCpu | None:
    """None where no image was run on the board's CPU, too."""
    asked = [row for row in rows if row.cpu_top1 is not None]
    differences = [row.cpu_difference for row in asked if row.cpu_difference is not None]
    cpu = [row.cpu_top1 for row in asked]
    flips = flips_of((row.top1 for row in asked), cpu)
    if flips is None or not differences:
        return None
    labelled = [row for row in asked if row.label is not None]
    right = sum(row.cpu_top1 == row.label for row in labelled)
    return BesideCpu(
        Agreement(len(differences), differences.count(0), max(differences)),
        flips,
        flips_of(cpu, (row.host_top1 for row in asked)),
        Accuracy(right, len(labelled)) if labelled else None,
    )


def unlike_host(meta: RunMeta, rows: Sequence[Row]) -> Unlike:
    """The outputs unlike the host's. rows: with an answer."""
    unlike = [row for row in rows if row.reference_difference]
    foreign = sum(bool(meta.delegate_of(row.board)) for row in unlike)
    flips = flips_of((row.top1 for row in rows), (row.host_top1 for row in rows))
    compared = sum(row.reference_difference is not None for row in rows)
    return Unlike(len(unlike) - foreign, foreign, compared, flips)


@dataclass(frozen=True)
class RunSummary:
    """A run in figures. top1, top5: None without labels, top5 below 6 classes. resent: images.
    turned: images that their EXIF orientation turned. clipped: the share of input values that int8
    could not take. boards: of a run on several. latency: None if these count differently.
    confusion: (label, predicted, images). wrong_order: that of the labels, if it is not the
    classes'. meta, rows: of the journal. counts: images by status. agreement: with the host's
    reference; None where it was not asked. images_per_second: None where no time is known. verdict:
    of the run. budgets: each that was given. unlike: outputs and answers that are not the host's.
    cpu: beside the board's own CPU; None where it was not asked."""

    meta: RunMeta = field(repr=False)
    rows: tuple[Row, ...] = field(repr=False)
    counts: dict[Status, int]
    top1: Accuracy | None
    top5: Accuracy | None
    classes: tuple[ClassScore, ...] = field(repr=False)
    agreement: Agreement | None
    latency: Latency | None
    images_per_second: float | None
    resent: int
    verdict: Verdict
    turned: int = 0
    clipped: float | None = None
    boards: tuple[BoardSummary, ...] = ()
    confusion: tuple[tuple[int, int, int], ...] = field(default=(), repr=False)
    wrong_order: WrongOrder | None = None
    budgets: tuple[BudgetResult, ...] = ()
    unlike: Unlike = field(default_factory=Unlike)
    cpu: BesideCpu | None = None

    @property
    def flips(self) -> Flips | None:
        """The answers that are not the host's; None where these are not known."""
        return self.unlike.flips

    @property
    def mismatches(self) -> int | None:
        """Outputs unlike the host's, over all boards; None if none was compared."""
        of_boards = [board.agreement for board in self.boards if board.agreement is not None]
        if of_boards:
            return sum(agreement.unequal for agreement in of_boards)
        return None if self.agreement is None else self.agreement.unequal

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
    order = tally.wrong_order(meta.class_names)
    seconds = sum(row.seconds or 0.0 for row in done)
    unlike = unlike_host(meta, done)
    verdict = verdict_of(
        counts=counts,
        unlike=unlike,
        top1=None if scores is None else scores.top1,
        asked=meta.settings,
        strict=meta.settings.strict,
        wrong_layer=meta.wrong_layer,
        order=order,
    )
    if meta.stack is not None and meta.stack.warning is not None:
        verdict = replace(verdict, warnings=(*verdict.warnings, meta.stack.warning))
    boards = summarize_boards(meta, rows)
    if boards:
        findings = tuple(board_findings(meta, rows, boards))
        warnings = tuple(board_warnings(meta, rows, boards))
        verdict = with_boards(verdict, findings, warnings)
        done_by_boards = sum(board.images for board in boards)
        rate = done_by_boards / meta.elapsed_s if meta.elapsed_s else None
    else:
        rate = len(done) / seconds if seconds else None
    measured = RunSummary(
        meta=meta,
        rows=tuple(rows),
        counts=counts,
        top1=None if scores is None else scores.top1,
        top5=None if scores is None else scores.top5,
        classes=tally.per_class(meta.class_names),
        agreement=agreement,
        latency=measure_latency(
            [row.cycles for row in done], meta.board.core_clock_hz, meta.board.unit
        )
        if counts_alike(meta)
        else None,
        images_per_second=rate,
        resent=sum(max(0, (row.attempts or 1) - 1) for row in done),
        verdict=verdict,
        turned=tally.turned,
        clipped=tally.clipped,
        boards=boards,
        confusion=tally.confusion,
        wrong_order=order,
        unlike=unlike,
        cpu=beside_cpu(done),
    )
    results = judged_budgets(measured)
    return replace(measured, budgets=results, verdict=with_budgets(verdict, results, meta, unlike))


def counts_alike(meta: RunMeta) -> bool:
    """Whether the counts of all boards mean the same."""
    facts = [board.facts for board in meta.boards if board.facts is not None]
    return len({(one.board, one.core_clock_hz, one.unit) for one in (*facts, meta.board)}) == 1


def predictions_of(meta: RunMeta, rows: Sequence[Row]) -> Iterator[Prediction]:
    """The predictions of the images that have an answer, in data set order."""
    for row in rows:
        if row.status is Status.DONE and row.top1 is not None and row.score is not None:
            cells: tuple[Cell, ...] = ()
            if row.output is not None:
                ends = meta.output_scale, meta.output_zero_point
                cells = tuple(meta.form.cells(row.output, *ends))
            yield Prediction(row.index, row.file, row.label, row.top1, row.score, cells)
