"""The figures of a run, computed from its journal only, and its verdict: whether it passed, and if
not, what broke: model, data, rig or firmware."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from statistics import median

from mcuzoo.budgets import BudgetResult, Budgets
from mcuzoo.data.output_form import Cell
from mcuzoo.link.counts import milliseconds
from mcuzoo.run.board_summary import (
    BoardSummary,
    board_findings,
    board_warnings,
    summarize_boards,
)
from mcuzoo.run.budgets import judged_budgets
from mcuzoo.run.label_order import WrongOrder
from mcuzoo.run.record import Row, RunMeta, Status, WrongLayer
from mcuzoo.run.score import Accuracy, Agreement, ClassScore
from mcuzoo.run.tally import Prediction, Tally


@dataclass(frozen=True)
class Latency:
    """Counts of `counted` images in `unit` (see link.hello.Hello): least, median and greatest.
    minimum, maximum: as `median`. core_clock_hz: of the board that counted; cycles / this are
    seconds."""

    unit: str
    counted: int
    minimum: int
    median: int
    maximum: int
    core_clock_hz: int

    @property
    def median_ms(self) -> float | None:
        """Milliseconds, of cycles at the core's clock; None for instructions, which are no time."""
        return milliseconds(self.median, self.unit, self.core_clock_hz)


def measure_latency(counts: Sequence[int | None], core_clock_hz: int, unit: str) -> Latency | None:
    """The latency over all counts that are not None; None when none was counted."""
    counted = [count for count in counts if count is not None]
    if not counted:
        return None
    middle = round(median(counted))
    return Latency(unit, len(counted), min(counted), middle, max(counted), core_clock_hz)


class Broke(str, Enum):
    """The part at fault if a run does not pass, the strongest evidence first. A budget that does
    not hold counts after all of them."""

    FIRMWARE = "firmware"  # it computes something else than the host, from the same input
    RIG = "rig"  # images got no answer
    DATA = "data"  # images could not be decoded (--strict), or labels are in another order
    MODEL = "model"  # the accuracy is below --min-top1


_EXIT_CODES = {Broke.FIRMWARE: 1, Broke.MODEL: 1, Broke.DATA: 2, Broke.RIG: 3}
_OVER_BUDGET_EXIT_CODE = 1
_FAULT_EXIT_CODE = 4  # the firmware gave no answer at all, which no accuracy can be told from


@dataclass(frozen=True)
class Verdict:
    """broke: None if the run passed. reasons: why it did not pass. warnings: what else to know.
    exit_code: of the command. budget: the name of the one that alone made it negative."""

    broke: Broke | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    exit_code: int = 0
    budget: str | None = None

    @property
    def passed(self) -> bool:
        return self.broke is None


def verdict_of(
    counts: Mapping[Status, int],
    unequal: int,
    top1: Accuracy | None,
    asked: Budgets,
    strict: bool,
    wrong_layer: WrongLayer | None = None,
    order: WrongOrder | None = None,
) -> Verdict:
    """Judge a run by its counts of images, outputs unlike the reference, and accuracy.

    asked: of its budgets, those of accuracy and of outputs unlike the reference count here.
    wrong_layer: the result of the profile of a wrong output. order: that of the labels, if it is
    not the classes'. If several parts broke, the first in the order of `Broke` is named: an
    accuracy says nothing about the model if the firmware computes wrong outputs, images are missing
    or labels mean other classes.
    """
    bound = None if order is not None else asked.min_top1
    allowed = unequal if unequal <= (asked.max_mismatches or 0) else 0
    findings = list(_findings(counts, unequal - allowed, top1, bound, strict, wrong_layer))
    if order is not None:
        findings.append((Broke.DATA, f"{order.message} {order.advice}"))
    warnings = []
    if counts[Status.BAD_IMAGE] and not strict:
        warnings.append(_bad_images(counts))
    if allowed:
        limit = f"{asked.max_mismatches:,} are let pass (max_mismatches)"
        warnings.append(f"Outputs unlike the host reference's: {allowed:,}; {limit}.")
    broke = min((blame for blame, _ in findings), key=list(Broke).index, default=None)
    reasons = tuple(reason for _, reason in findings)
    if broke is None:
        return Verdict(None, reasons, tuple(warnings))
    faulted = broke is Broke.FIRMWARE and counts[Status.FAULT] > 0
    code = _FAULT_EXIT_CODE if faulted else _EXIT_CODES[broke]
    return Verdict(broke, reasons, tuple(warnings), code)


def _findings(
    counts: Mapping[Status, int],
    unequal: int,
    top1: Accuracy | None,
    min_top1: float | None,
    strict: bool,
    wrong_layer: WrongLayer | None,
) -> Iterator[tuple[Broke, str]]:
    if unequal:
        where = f" On {wrong_layer.file}, {wrong_layer.verdict}." if wrong_layer else ""
        yield Broke.FIRMWARE, f"Outputs unlike the host reference's: {unequal}.{where}"
    if counts[Status.FAULT]:
        yield Broke.FIRMWARE, f"Images on which the firmware failed: {counts[Status.FAULT]}."
    if counts[Status.LOST]:
        yield Broke.RIG, f"Images without an answer from the board: {counts[Status.LOST]}."
    if counts[Status.PENDING]:
        yield Broke.RIG, f"Images that have not been run yet: {counts[Status.PENDING]}."
    if counts[Status.BAD_IMAGE] and strict:
        yield Broke.DATA, _bad_images(counts)
    if min_top1 is not None and (top1 is None or top1.value < min_top1):
        measured = "not known" if top1 is None else f"{top1.value:.4f}"
        yield Broke.MODEL, f"Top-1 is {measured}, less than the {min_top1:.4f} asked for."


def _bad_images(counts: Mapping[Status, int]) -> str:
    return f"Images that could not be decoded, not counted: {counts[Status.BAD_IMAGE]}."


@dataclass(frozen=True)
class RunSummary:
    """A run in figures. top1, top5: None without labels, top5 below 6 classes. resent: images.
    turned: images that their EXIF orientation turned. clipped: the share of input values that int8
    could not take. boards: of a run on several. latency: None if these count differently.
    confusion: (label, predicted, images). wrong_order: that of the labels, if it is not the
    classes'. meta, rows: of the journal. counts: images by status. agreement: with the host's
    reference; None where it was not asked. images_per_second: None where no time is known. verdict:
    of the run. budgets: each that was given."""

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
    verdict = verdict_of(
        counts=counts,
        unequal=agreement.unequal if agreement else 0,
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
        verdict = _with_boards(verdict, findings, tuple(board_warnings(boards)))
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
    )
    results = judged_budgets(measured)
    return replace(measured, budgets=results, verdict=with_budgets(verdict, results))


_BY_THE_VERDICT = ("min_top1", "max_mismatches")
"""Budgets that `verdict_of` has judged already: they tell what else says nothing."""


def with_budgets(verdict: Verdict, results: Sequence[BudgetResult]) -> Verdict:
    """Let the budgets of a run count in its verdict: weaker than all else, and always as a verdict
    that failed, also where it is the rig's."""
    # An accuracy that says nothing is no news: then something else is broken.
    told = [one for one in results if one.name != "min_top1" or one.holds is not None]
    unknown = [one for one in told if one.holds is None and not one.fails]
    failed = [
        one for one in told if one.fails and (one.holds is None or one.name not in _BY_THE_VERDICT)
    ]
    verdict = replace(verdict, warnings=(*verdict.warnings, *(one.text for one in unknown)))
    if failed:
        verdict = replace(verdict, reasons=(*verdict.reasons, *(one.text for one in failed)))
        if verdict.broke is None:
            part = Broke(failed[0].part)
            verdict = replace(
                verdict, broke=part, exit_code=_OVER_BUDGET_EXIT_CODE, budget=failed[0].name
            )
    return verdict


def counts_alike(meta: RunMeta) -> bool:
    """Whether the counts of all boards mean the same."""
    facts = [board.facts for board in meta.boards if board.facts is not None]
    return len({(one.board, one.core_clock_hz, one.unit) for one in (*facts, meta.board)}) == 1


def _with_boards(verdict: Verdict, findings: tuple[str, ...], warnings: tuple[str, ...]) -> Verdict:
    """The verdict of a run on several boards. findings: results of boards that are wrong."""
    known = replace(
        verdict,
        reasons=(*verdict.reasons, *findings),
        warnings=(*verdict.warnings, *warnings),
    )
    if not findings or verdict.broke is Broke.FIRMWARE:
        return known
    return replace(known, broke=Broke.FIRMWARE, exit_code=_EXIT_CODES[Broke.FIRMWARE])


def predictions_of(meta: RunMeta, rows: Sequence[Row]) -> Iterator[Prediction]:
    """The predictions of the images that have an answer, in data set order."""
    for row in rows:
        if row.status is Status.DONE and row.top1 is not None and row.score is not None:
            cells: tuple[Cell, ...] = ()
            if row.output is not None:
                ends = meta.output_scale, meta.output_zero_point
                cells = tuple(meta.form.cells(row.output, *ends))
            yield Prediction(row.index, row.file, row.label, row.top1, row.score, cells)
