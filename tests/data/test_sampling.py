"""--limit: even over classes, spread within them, the same every time."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.data.dataset import sample_evenly
from mcuzoo.errors import UsageError

LABELS = st.lists(st.none() | st.integers(0, 6), min_size=1, max_size=80)


@given(LABELS, st.integers(1, 100))
def test_size_order_and_uniqueness(labels: list[int | None], limit: int) -> None:
    picked = sample_evenly(labels, limit)
    assert len(picked) == min(limit, len(labels))
    assert picked == sorted(set(picked))
    assert set(picked) <= set(range(len(labels)))
    assert picked == sample_evenly(labels, limit)


@given(LABELS, st.integers(1, 100))
def test_no_class_gets_two_more_than_another_that_has_some_left(
    labels: list[int | None], limit: int
) -> None:
    there = Counter(labels)
    taken = Counter(labels[position] for position in sample_evenly(labels, limit))
    for one in there:
        for other in there:
            assert taken[one] <= taken[other] + 1 or taken[other] == there[other]


def test_spread_over_classes_and_within() -> None:
    labels = [label for label in range(10) for _ in range(4)]
    assert sample_evenly(labels, 5) == [0, 8, 16, 24, 32]
    assert sample_evenly([None] * 100, 4) == [0, 25, 50, 75]


def test_choice_of_classes_does_not_depend_on_their_order() -> None:
    assert [[3, 1, 2, 0][position] for position in sample_evenly([3, 1, 2, 0], 2)] == [2, 0]


def test_small_classes_leave_their_share_to_others() -> None:
    labels = [0, 1, 1, 1, 1, 1]
    assert Counter(labels[p] for p in sample_evenly(labels, 4)) == {0: 1, 1: 3}


def test_limit_below_one() -> None:
    with pytest.raises(UsageError):
        sample_evenly([0, 1], 0)
