"""Figures of a run, from rows made by hand; and verdicts: what is blamed, with which exit code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.fake_board import HELLO

from mcuzoo.budgets import Budgets
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.connected_board import board_facts
from mcuzoo.run.latency import measure_latency
from mcuzoo.run.record import Row, RunMeta, Settings, Status
from mcuzoo.run.score import Accuracy
from mcuzoo.run.summary import summarize
from mcuzoo.run.verdict import Broke, Unlike, Verdict, verdict_of

META = RunMeta(
    "1", "2025", "toy", 6, None, 1 / 256, -128, Recipe(crop=0.875), "d", board_facts(HELLO),
    Settings("/p", "/dev/x", 1, "/d", None, None, True, False),
)  # fmt: skip


def done(index: int, label: int | None, values: list[int], **more: object) -> Row:
    output = np.array(values, np.int8)
    row = Row(index, f"{index}.jpg", label, None, Status.DONE, output, int(output.argmax()))
    return replace(row, **more)  # type: ignore[arg-type]


ROWS = (
    done(0, 0, [9, 1, 1, 1, 1, 1], cycles=600, seconds=0.5, attempts=1, reference_difference=0),
    done(1, 0, [1, 9, 1, 1, 1, 1], cycles=900, seconds=0.5, attempts=3, reference_difference=4),
    done(2, 5, [1, 1, 1, 1, 1, 1], cycles=None, seconds=1.0, attempts=1, reference_difference=0),
    done(3, None, [1, 1, 1, 1, 1, 9], seconds=2.0),
    Row(4, "4.jpg", 1, None, Status.BAD_IMAGE, seconds=9.0, error="no"),
    Row(5, "5.jpg", 1, None),
)


def test_figures() -> None:
    summary = summarize(META, ROWS)
    assert summary.counts == {
        Status.DONE: 4, Status.BAD_IMAGE: 1, Status.PENDING: 1, Status.LOST: 0, Status.FAULT: 0,
    }  # fmt: skip
    assert summary.top1 is not None and (summary.top1.correct, summary.top1.total) == (1, 3)
    assert summary.top5 is not None and summary.top5.correct == 2
    assert [(s.label, s.top1.correct, s.top1.total) for s in summary.classes] == [
        (0, 1, 2), (5, 0, 1),
    ]  # fmt: skip
    assert summary.agreement is not None
    assert (summary.agreement.compared, summary.agreement.equal) == (3, 2)
    assert summary.agreement.largest_difference == 4
    assert summary.images_per_second == pytest.approx(1.0)
    assert (summary.resent, summary.unanswered) == (2, 1)


def test_run_without_results() -> None:
    summary = summarize(META, ROWS[4:])
    assert summary.top1 is summary.top5 is None
    assert summary.agreement is None and summary.latency is None
    assert summary.images_per_second is None and summary.classes == ()


def test_no_top5_where_it_says_nothing() -> None:
    rows = (done(0, 0, [1, 2, 3, 4, 5]),)
    assert summarize(replace(META, classes=5), rows).top5 is None


def test_latency() -> None:
    latency = measure_latency([600_000, None, 1_200_000, 3_000_000], 600_000_000, unit="cycles")
    assert latency is not None
    assert (latency.counted, latency.minimum, latency.maximum) == (3, 600_000, 3_000_000)
    assert latency.median_ms == pytest.approx(2.0)
    assert measure_latency([None], 1, unit="cycles") is None


GOOD = Accuracy(8, 10)


def judged(
    unequal: int = 0,
    top1: Accuracy | None = GOOD,
    min_top1: float | None = None,
    strict: bool = False,
    **counts: int,
) -> Verdict:
    every = {status: counts.get(status.value, 0) for status in Status}
    return verdict_of(every, Unlike(unequal), top1, Budgets(min_top1=min_top1), strict)


def test_verdict_pass() -> None:
    verdict = judged(done=10, min_top1=0.8)
    assert verdict == Verdict(None, (), ()) and verdict.passed and verdict.exit_code == 0


@pytest.mark.parametrize(
    ("verdict", "broke", "code"),
    [
        (judged(min_top1=0.81), Broke.MODEL, 1),
        (judged(min_top1=0.0, top1=None), Broke.MODEL, 1),
        (judged(bad_image=1, strict=True), Broke.DATA, 2),
        (judged(lost=1), Broke.RIG, 3),
        (judged(pending=1), Broke.RIG, 3),
        (judged(fault=1), Broke.FIRMWARE, 4),
        (judged(unequal=1), Broke.FIRMWARE, 1),
        (judged(unequal=1, lost=1, min_top1=0.9), Broke.FIRMWARE, 1),
        (judged(lost=1, bad_image=1, strict=True, min_top1=0.9), Broke.RIG, 3),
        (judged(bad_image=1, strict=True, min_top1=0.9), Broke.DATA, 2),
    ],
)
def test_blame(verdict: Verdict, broke: Broke, code: int) -> None:
    assert (verdict.broke, verdict.exit_code) == (broke, code)
    assert verdict.reasons


def test_every_finding_is_told() -> None:
    verdict = judged(unequal=2, lost=1, bad_image=3, min_top1=0.9)
    assert len(verdict.reasons) == 3
    assert verdict.warnings == ("Images that could not be decoded, not counted: 3.",)
