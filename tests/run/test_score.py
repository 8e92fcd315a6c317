"""Top-k with ties by the lowest index, and the Wilson interval."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from mcuzoo.run.score import Accuracy, Paired, accuracy, ranks, top1, wilson_interval

OUTPUTS = npst.arrays(np.int8, st.tuples(st.integers(1, 12), st.integers(1, 9)),
                      elements=st.integers(-3, 3))  # fmt: skip


def test_ties_go_to_the_lowest_index() -> None:
    assert top1(np.array([-128, 5, 5, 4], np.int8)) == 1
    outputs = np.array([[5, 5, 4]] * 3, np.int8)
    assert ranks(outputs, np.array([0, 1, 2])).tolist() == [0, 1, 2]


@given(OUTPUTS, st.data())
def test_rank_is_the_place_in_a_stable_sort(outputs: NDArray[np.int8], data: st.DataObject) -> None:
    count, classes = outputs.shape
    labels = np.array(data.draw(st.lists(st.integers(0, classes - 1), min_size=count,
                                         max_size=count)))  # fmt: skip
    order = np.argsort(-outputs.astype(np.int16), axis=1, kind="stable")
    expected = [list(row).index(label) for row, label in zip(order, labels, strict=True)]
    assert ranks(outputs, labels).tolist() == expected
    assert [top1(output) for output in outputs] == order[:, 0].tolist()


def test_golden_metrics(test_data: object) -> None:
    import csv
    import json
    from pathlib import Path

    folder = Path(str(test_data))
    outputs = np.load(folder / "golden" / "mb_nxp_int8_ref_softmax.npy")
    with (folder / "manifest_imagenet.csv").open(newline="") as file:
        labels = np.array([int(row["label"]) for row in csv.DictReader(file)])
    expected = json.loads((folder / "golden" / "expected.json").read_text())["metrics"]
    rank = ranks(outputs, labels)
    assert accuracy(rank, 1).value == expected["mb_nxp_int8"]["top1"] == 0.395
    assert accuracy(rank, 5).value == expected["mb_nxp_int8"]["top5"]


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval(correct: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10**6), st.data())
def test_wilson_interval_holds_the_rate(total: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, total))
    low, high = Accuracy(correct, total).interval
    assert 0 <= low <= correct / total <= high <= 1
    mirrored = wilson_interval(total - correct, total)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize(
    ("only_first", "only_second", "expected"),
    [(0, 0, 1.0), (0, 1, 1.0), (0, 6, 2 / 64), (1, 9, 22 / 1024), (5, 5, 1.0)],
)
def test_known_p_values(only_first: int, only_second: int, expected: float) -> None:
    assert Paired(only_first, only_second).p_value == expected


@given(st.integers(0, 60), st.integers(0, 60))
def test_p_value_is_the_sum_over_outcomes_no_likelier(first: int, second: int) -> None:
    tosses = first + second
    ways = [comb(tosses, hits) for hits in range(tosses + 1)]
    expected = sum(way for way in ways if way <= ways[first]) / 2**tosses
    assert Paired(first, second).p_value == pytest.approx(expected)
    assert Paired(first, second).p_value == Paired(second, first).p_value


def test_p_value_of_many_images() -> None:
    assert 0 <= Paired(5_000, 5_500).p_value < 1e-5
