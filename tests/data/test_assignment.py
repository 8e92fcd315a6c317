"""The assignment against all orders."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mcuzoo.data.assignment import assign


@given(
    st.integers(1, 6).flatmap(
        lambda rows: arrays(
            np.float64,
            st.tuples(st.just(rows), st.integers(rows, 7)),
            elements=st.integers(-3, 3).map(float) | st.floats(-5, 5),
        )
    )
)
def test_the_assignment_has_the_largest_sum(
    gains: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    rows, columns = gains.shape
    chosen = assign(gains)
    assert len(set(chosen.tolist())) == rows
    best = max(
        sum(gains[row, order[row]] for row in range(rows))
        for order in permutations(range(columns), rows)
    )
    assert gains[np.arange(rows), chosen].sum() == pytest.approx(best, abs=1e-9)
