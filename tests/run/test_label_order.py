"""An order of labels that the answers contradict is named; a bad model is none."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.run.label_order import LabelOrder, WrongOrder, _assignment, _hits

NAMES = ("owl", "robin", "crow", "duck", "gull", "heron")


def told(
    order: list[int], right: float = 0.8, each: int = 10, names: tuple[str, ...] | None = None,
    seed: int = 0,
) -> WrongOrder | None:  # fmt: skip
    """What is told of a model that is right so often, where label i means class order[i]."""
    random = np.random.default_rng(seed)
    found = LabelOrder(len(order))
    for label in list(range(len(order))) * each:
        sure = random.random() < right
        found.add(label, order[label] if sure else int(random.integers(0, len(order))))
    return found.wrong_order(names)


def test_folders_that_keras_sorted_as_text() -> None:
    as_text = sorted(range(12), key=str)
    place = [as_text.index(number) for number in range(12)]
    wrong = told(place)
    assert wrong is not None and "Keras" in wrong.what
    assert "0 1 10 11 2 3 4 5 6 7 8 9" in wrong.advice and wrong.hits > wrong.labelled
    assert "as labelled" in wrong.message and "2 as 4" in wrong.message
    other = told(as_text)
    assert other is not None and "in the order of text" in other.what


def test_names_that_were_sorted() -> None:
    wrong = told([NAMES.index(name) for name in sorted(NAMES)], names=NAMES)
    assert wrong is not None and "sorted names" in wrong.what


def test_any_other_order() -> None:
    wrong = told([3, 0, 4, 5, 1, 2])
    assert wrong is not None and wrong.order == (3, 0, 4, 5, 1, 2)
    assert "another order" in wrong.what and "--labels" in wrong.advice


@pytest.mark.parametrize("right", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("classes", [2, 4, 10, 30])
def test_labels_that_are_right_are_left_alone(right: float, classes: int) -> None:
    assert told(list(range(classes)), right, each=20) is None


def test_few_images_prove_nothing() -> None:
    assert told([3, 0, 4, 5, 1, 2], each=3) is None
    assert told([1, 0], each=6) is None


@pytest.mark.full
def test_false_alarms_are_rare() -> None:
    """Over bad models of all kinds: weak ones, and such as prefer a few classes."""
    alarms = sum(
        told(list(range(classes)), right, each, seed=seed) is not None
        for classes in (3, 7, 10)
        for right in (0.0, 0.1, 0.2)
        for each in (5, 10, 20)
        for seed in range(40)
    )
    assert alarms <= 3


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_the_assignment_is_the_best_of_all(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    confusion = Counter(
        {(i, j): int(random.integers(0, 9)) for i in range(count) for j in range(count)}
    )
    order = _assignment(confusion, count)
    assert sorted(order) == list(range(count))
    best = max(_hits(confusion, other) for other in permutations(range(count)))
    assert _hits(confusion, order) == best
