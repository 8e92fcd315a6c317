"""Counting: what the figures are of known findings, and when the labels are called wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcuzoo.data.images import FilePicture
from mcuzoo.errors import DataSetError
from mcuzoo.report.figures import shown_dict
from mcuzoo.run.record import Row, Status
from mcuzoo.run.tally import Tally

PICTURE = FilePicture(Path("x.png"))


def answered(label: int | None, top1: int, rank: int | None = None) -> Row:
    known = rank if rank is not None or label is None else int(top1 != label)
    return Row(0, "x.png", label, None, Status.DONE, top1=top1, score=0.5, rank=known)


def test_top5_counts_ranks_below_five() -> None:
    tally = Tally(10)
    for rank in (0, 4, 5, 9):
        tally.add(answered(3, 3 if rank == 0 else 1, rank))
    assert tally.scores is not None and tally.scores.top5 is not None
    assert (tally.scores.top1.correct, tally.scores.top5.correct) == (1, 2)


def test_five_classes_have_no_top5() -> None:
    tally = Tally(5)
    tally.add(answered(1, 1))
    assert tally.scores is not None and tally.scores.top5 is None


@pytest.mark.parametrize(("shift", "advice"), [(1, "Add 1"), (-1, "Subtract 1")])
@pytest.mark.parametrize("classes", [1000, 1001])
def test_answers_tell_that_labels_are_off_by_one(classes: int, shift: int, advice: str) -> None:
    tally = Tally(classes)
    for label in range(100, 140):
        tally.add(answered(label, label + shift if label % 2 else 7))
    with pytest.raises(DataSetError, match="off by one") as caught:
        tally.refuse_wrong_order()
    assert advice in caught.value.hint


def test_a_bad_model_is_not_taken_for_bad_labels() -> None:
    random = np.random.default_rng(5)
    for classes in (1001, 7):
        tally = Tally(classes)
        for label in range(200):
            tally.add(answered(label % classes, int(random.integers(0, classes))))
        tally.refuse_wrong_order()
    seven = Tally(7)
    for label in range(60):
        seven.add(answered(label % 6, label % 6 + 1))
    with pytest.raises(DataSetError, match="off by one"):
        seven.refuse_wrong_order()


def test_what_is_shown_of_an_evaluation() -> None:
    tally = Tally(3, show=2)
    for _ in range(4):
        tally.add(answered(1, 2))
    shown = shown_dict(tally.shown(("a", "b", "c")))
    assert [one["top1_name"] for one in shown["predictions"]] == ["c", "c"]
    assert {one["label_name"] for one in shown["predictions"]} == {"b"}
    assert shown["predictions"][0]["score"] == 0.5 and shown["worst_misses"] == []
