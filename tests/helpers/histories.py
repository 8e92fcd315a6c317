"""Runs over several nights, as journals on the disk: made-up answers of drawn signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import numpy as np
from helpers.page_runs import BOARD, EVIL, PageRun, hostile, signs_run

from mcuzoo.data.images import FilePicture, Item
from mcuzoo.link.state import LinkState
from mcuzoo.run.journal import JOURNAL_NAME, begin_journal
from mcuzoo.run.record import BoardFacts, BuildFacts, InputFacts, Row, RunMeta, Status, WrongLayer
from mcuzoo.run.summary import summarize

FIRST = datetime(2026, 11, 2, 2, 10, tzinfo=timezone.utc)
BUILD = BuildFacts(53_760, 27_552, 241_776, 278_752, "gcc 12.2.1", "-O2")
SIGNS_INPUT = InputFacts((1, 32, 32, 3), 1 / 128, 0)


def write_run(folder: Path, run: PageRun) -> Path:
    """The run's journal in `folder`."""
    rows = run.summary.rows
    items = [Item(r.index, r.file, FilePicture(Path("x")), r.label, r.sha256) for r in rows]
    with begin_journal(folder, run.summary.meta, items) as journal:
        journal.record_all(
            [row for row in rows if row.status is not Status.PENDING],
            run.summary.meta.boards,
            run.summary.meta.others,
            1.0,
        )
    return folder


def night(
    number: int,
    row: Callable[[Row], Row] = lambda row: row,
    meta: Callable[[RunMeta], RunMeta] = lambda meta: meta,
    images: int = 32,
) -> PageRun:
    """A run of drawn signs, begun so many nights after the first."""
    started = (FIRST + timedelta(days=number)).isoformat(timespec="seconds")
    drawn = _drawn(images)
    known = replace(drawn.summary.meta, started=started, build=BUILD, input=SIGNS_INPUT)
    rows = [row(replace(one, host_top1=one.label)) for one in drawn.summary.rows]
    return PageRun(summarize(meta(known), rows), drawn.project)


@cache
def _drawn(images: int) -> PageRun:
    """Drawing takes most of the time."""
    return signs_run(images)


def answering(row: Row, top1: int) -> Row:
    """The same image with another answer: its output says so, too."""
    assert row.output is not None and row.label is not None
    output = np.full(len(row.output), -128, np.int8)
    output[row.label], output[top1] = 10, 90
    return replace(row, output=output, top1=top1, score=218 / 256, rank=int(top1 != row.label))


def mended(row: Row) -> Row:
    """Every image right."""
    assert row.label is not None
    return answering(row, row.label)


def broken(row: Row) -> Row:
    """Every second image is taken for another class, unlike the host."""
    assert row.label is not None
    if row.index % 2:
        return row
    other = (row.label + 1 + row.index % 5) % 16
    return replace(answering(row, other), reference_difference=40)


def nights(count: int = 20) -> list[PageRun]:
    """A model that was trained again and a line that has faults now and then; then a firmware that
    computes something else, faster."""
    wrong = WrongLayer("x.png", "3-4", "CONV_2D", "op 3-4 CONV_2D is the first that differs")
    found = []
    for number in range(count):
        faults = {4: 3, 9: 17}.get(number, number % 2)
        link = LinkState(frames_sent=900, frames_resent=faults)
        model = "cd" * 32 if number < count // 3 else "ce" * 32
        bad = number >= count - 3
        board = replace(BOARD, model_sha256=model, build_id=f"{number // 4:02x}" * 16)
        if bad:
            board = replace(board, build_id="ff" * 16)

        def about(
            meta: RunMeta, board: BoardFacts = board, link: LinkState = link, bad: bool = bad
        ) -> RunMeta:
            size = replace(BUILD, code_bytes=27_552 + (640 if bad else 0))
            return replace(
                meta, board=board, link=link, build=size, wrong_layer=wrong if bad else None
            )

        def change(row: Row, number: int = number, bad: bool = bad) -> Row:
            if bad:
                return replace(broken(row), cycles=6_400_000)
            if number < count // 3 or row.index % 8 != 3:
                return replace(row, cycles=(row.cycles or 0) + 4_000 * (number % 3))
            return mended(row)

        found.append(night(number, change, about))
    return found


def write_nights(folder: Path, runs: Sequence[PageRun]) -> Path:
    """Each in a folder of its own below."""
    for place, run in enumerate(runs):
        write_run(folder / f"night-{place:03}", run)
    return folder


def write_hostile(folder: Path) -> Path:
    """Two runs whose texts mean harm, and one journal that is damaged."""
    run = hostile()
    for place in range(2):
        summary = replace(
            run.summary,
            meta=replace(run.summary.meta, started=(FIRST + timedelta(days=place)).isoformat()),
        )
        write_run(folder / f"{place} <b onclick=alert(3)>", replace(run, summary=summary))
    damaged = folder / "<img src=x onerror=alert(4)>"
    damaged.mkdir(parents=True)
    (damaged / JOURNAL_NAME).write_bytes(EVIL.encode() * 100)
    return folder
