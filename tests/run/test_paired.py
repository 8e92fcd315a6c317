from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.run.paired import Paired


@pytest.mark.parametrize(
    ("only_first", "only_second", "expected"),
    [(0, 0, 1.0), (0, 1, 1.0), (0, 6, 2 / 64), (1, 9, 22 / 1024), (5, 5, 1.0)],
)
def test_known_values(only_first: int, only_second: int, expected: float) -> None:
    assert Paired(only_first, only_second).p_value == expected


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sum_over_outcomes_no_likelier_than_this_one(first: int, second: int) -> None:
    tosses = first + second
    ways = [comb(tosses, hits) for hits in range(tosses + 1)]
    expected = sum(way for way in ways if way <= ways[first]) / 2**tosses
    assert Paired(first, second).p_value == pytest.approx(expected)
    assert Paired(first, second).p_value == Paired(second, first).p_value


def test_many_images() -> None:
    assert 0 <= Paired(5_000, 5_500).p_value < 1e-5
