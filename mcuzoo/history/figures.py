"""The figures of a run for a history, counted by the database itself, so that a folder of hundreds
of runs is read in seconds. They are those of `summarize`, without what needs single images."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path

from mcuzoo.errors import InputError
from mcuzoo.history.against import arena_bytes
from mcuzoo.run.budgets import judged_budgets
from mcuzoo.run.journal import JOURNAL_NAME, read_meta_of, read_run, reading
from mcuzoo.run.journal_schema import has_column
from mcuzoo.run.label_order import LabelOrder
from mcuzoo.run.latency import Latency, measure_latency
from mcuzoo.run.record import RunMeta, Status
from mcuzoo.run.score import Accuracy, Agreement, BesideCpu, Flips
from mcuzoo.run.summary import counts_alike, summarize
from mcuzoo.run.verdict import Unlike, Verdict, verdict_of, with_budgets


@dataclass(frozen=True)
class RunFigures:
    """A run in a history. images: done, of `total`. pending: that have not been tried;
    unanswered: that a resume would run. top1, host_top1: None without labels, or where the
    journal does not know. faults: of the link: RunMeta.line_errors. Sizes in bytes; None where
    the journal does not know them. meta: the run without its images. started: in UTC.
    agreement: with the host's outputs; None where nothing was compared. unlike: outputs and
    answers that are not the host's; cpu: beside the board's own CPU; None where nothing is
    known. latency: None where nothing was counted. verdict: by the run's own options."""

    folder: Path
    meta: RunMeta
    started: datetime
    images: int
    total: int
    pending: int
    unanswered: int
    top1: Accuracy | None
    host_top1: Accuracy | None
    agreement: Agreement | None
    unlike: Unlike
    cpu: BesideCpu | None
    latency: Latency | None
    faults: int | None
    verdict: Verdict

    @property
    def mismatches(self) -> int | None:
        """Outputs unlike the host's; None if none was compared."""
        return None if self.agreement is None else self.agreement.unequal

    @property
    def finished(self) -> bool:
        """Whether every image has been tried."""
        return not self.pending

    @property
    def arena(self) -> int | None:
        return arena_bytes(self.meta)

    @property
    def code(self) -> int | None:
        return None if self.meta.build is None else self.meta.build.code_bytes

    @property
    def constants(self) -> int | None:
        return None if self.meta.build is None else self.meta.build.constant_bytes


def read_figures(folder: Path) -> RunFigures:
    """The figures of the run in `folder`. Raises InputError for a damaged journal."""
    try:
        return _figures(folder)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        read_run(folder)  # names a value of a wrong kind better than what it led to
        raise InputError(
            f"The journal {folder / JOURNAL_NAME} cannot be used: {error}", "Start a new run."
        ) from error


def _figures(folder: Path) -> RunFigures:
    with reading(folder) as database:
        meta = read_meta_of(database)
        counted = _counted(database)
        answers = database.execute(
            "SELECT label, top1, cycles FROM images WHERE status = ? ORDER BY id",
            (Status.DONE.value,),
        ).fetchall()
    board = meta.board
    counts = {status: counted.get(status, _NOTHING).images for status in Status}
    done = counted.get(Status.DONE, _NOTHING)
    figures = RunFigures(
        folder=folder,
        meta=meta,
        started=_started(meta),
        images=counts[Status.DONE],
        total=sum(counts.values()),
        pending=counts[Status.PENDING],
        unanswered=sum(count for status, count in counts.items() if not status.final),
        top1=done.top1,
        host_top1=done.host_top1,
        agreement=done.agreement,
        unlike=_unlike(meta, done),
        cpu=done.cpu,
        latency=measure_latency([cells[2] for cells in answers], board.core_clock_hz, board.unit)
        if counts_alike(meta)
        else None,
        faults=meta.line_errors,
        verdict=_verdict(folder, meta, counts, done, answers),
    )
    if meta.boards:  # the budgets are in that verdict
        return figures
    results = judged_budgets(figures)
    return replace(figures, verdict=with_budgets(figures.verdict, results, meta, figures.unlike))


@dataclass(frozen=True)
class _Counted:
    """Of the images of one status.

    labelled: with a label; right: of these, with the right answer. compared: with the host's
    output; unequal: of these, with other bytes; largest: the greatest difference, in quantization
    steps. host_known: labelled, with the host's answer; host_right: of these, with the right one.
    host_asked: with the host's answer; host_flips: of these, with another one. cpu_asked,
    cpu_unequal, cpu_largest, cpu_flips: the same beside the board's own CPU; cpu_host_asked,
    cpu_host_flips: of that CPU beside the host. cpu_known, cpu_right: of that CPU's answers, as
    host_known and host_right.
    """

    images: int
    labelled: int
    right: int
    compared: int
    unequal: int
    largest: int
    host_known: int
    host_right: int
    host_asked: int
    host_flips: int
    cpu_asked: int
    cpu_unequal: int
    cpu_largest: int
    cpu_flips: int
    cpu_host_asked: int
    cpu_host_flips: int
    cpu_known: int
    cpu_right: int

    @property
    def flips(self) -> Flips | None:
        return Flips(self.host_flips, self.host_asked) if self.host_asked else None

    @property
    def cpu(self) -> BesideCpu | None:
        if not self.cpu_asked:
            return None
        asked = self.cpu_host_asked
        return BesideCpu(
            Agreement(self.cpu_asked, self.cpu_asked - self.cpu_unequal, self.cpu_largest),
            Flips(self.cpu_flips, self.cpu_asked),
            Flips(self.cpu_host_flips, asked) if asked else None,
            Accuracy(self.cpu_right, self.cpu_known) if self.cpu_known else None,
        )

    @property
    def top1(self) -> Accuracy | None:
        return Accuracy(self.right, self.labelled) if self.labelled else None

    @property
    def host_top1(self) -> Accuracy | None:
        return Accuracy(self.host_right, self.host_known) if self.host_known else None

    @property
    def agreement(self) -> Agreement | None:
        if not self.compared:
            return None
        return Agreement(self.compared, self.compared - self.unequal, self.largest)


_NOTHING = _Counted(*(0 for _ in fields(_Counted)))


def _counted(database: sqlite3.Connection) -> dict[Status, _Counted]:
    # Of equal scores the lowest class is top1 and comes first in a rank: so a rank of 0, which
    # schema 1 does not have, is top1 = label.
    host, cpu, far = (
        name if has_column(database, name) else "NULL"
        for name in ("host_top1", "cpu_top1", "cpu_difference")
    )
    cells = database.execute(
        "SELECT status, COUNT(*), COUNT(label), COALESCE(SUM(top1 = label), 0),"
        " COUNT(reference_difference), COALESCE(SUM(reference_difference > 0), 0),"
        " COALESCE(MAX(reference_difference), 0),"
        f" COUNT(label + {host}), COALESCE(SUM({host} = label), 0),"
        f" COUNT({host}), COALESCE(SUM({host} != top1), 0),"
        f" COUNT({cpu}), COALESCE(SUM({far} > 0), 0), COALESCE(MAX({far}), 0),"
        f" COALESCE(SUM({cpu} != top1), 0),"
        f" COUNT({cpu} + {host}), COALESCE(SUM({cpu} != {host}), 0),"
        f" COUNT(label + {cpu}), COALESCE(SUM({cpu} = label), 0)"
        " FROM images GROUP BY status"
    ).fetchall()
    return {Status(status): _Counted(*counts) for status, *counts in cells}


def _started(meta: RunMeta) -> datetime:
    found = datetime.fromisoformat(meta.started)
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)


def _unlike(meta: RunMeta, done: _Counted) -> Unlike:
    """Of a run on one board."""
    foreign = done.unequal if meta.delegates else 0
    return Unlike(done.unequal - foreign, foreign, done.compared, done.flips)


def _verdict(
    folder: Path,
    meta: RunMeta,
    counts: dict[Status, int],
    done: _Counted,
    answers: Sequence[tuple[int | None, int, int | None]],
) -> Verdict:
    if meta.boards:
        # Whether a result depends on the board is seen in the outputs alone.
        return summarize(meta, read_run(folder)[1]).verdict
    order = LabelOrder(meta.classes)
    for label, top1, _ in answers:
        if label is not None:
            order.add(label, top1)
    return verdict_of(
        counts=counts,
        unlike=_unlike(meta, done),
        top1=done.top1,
        asked=meta.settings,
        strict=meta.settings.strict,
        wrong_layer=meta.wrong_layer,
        order=order.wrong_order(meta.class_names),
    )
