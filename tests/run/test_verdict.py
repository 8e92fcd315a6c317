"""Verdicts: what is blamed, in which order, with which exit code."""

from __future__ import annotations

import pytest

from mcuzoo.run.record import Status
from mcuzoo.run.score import Accuracy
from mcuzoo.run.summary import Broke, Verdict, judge

GOOD = Accuracy(8, 10)


def judged(
    unequal: int = 0,
    top1: Accuracy | None = GOOD,
    min_top1: float | None = None,
    strict: bool = False,
    **counts: int,
) -> Verdict:
    every = {status: counts.get(status.value, 0) for status in Status}
    return judge(every, unequal, top1, min_top1, strict)


def test_pass() -> None:
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
