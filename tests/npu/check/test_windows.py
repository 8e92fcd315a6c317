"""A part of a tensor is found by its values alone."""

from __future__ import annotations

import numpy as np
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.npu.check.windows import Window, find, nearest

RANDOM = np.random.default_rng(5)
TENSOR = [RANDOM.integers(-128, 128, (1, 9, 8, 12)).astype(np.int8) for _ in range(3)]


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start, shape = [], []
    for size in (9, 8, 12):
        first = draw(st.integers(0, size - 2))
        start.append(first)
        shape.append(draw(st.integers(2, size - first)))
    return Window((start[0], start[1], start[2]), (shape[0], shape[1], shape[2]))


@settings(max_examples=examples(60))
@given(windows())
def test_a_window_is_found_where_it_is(window: Window) -> None:
    assert find([window.of(one) for one in TENSOR], TENSOR) == window


def test_other_values_are_not_found_and_nearly_right_ones_are_near() -> None:
    window = Window((2, 0, 4), (3, 8, 8))
    made = [window.of(one).copy() for one in TENSOR]
    made[1][0, 0, 0] ^= 1
    assert find(made, TENSOR) is None
    near = nearest(made, TENSOR, window.start)
    assert near is not None
    assert near.wrong == 1
    assert nearest([one ^ 1 for one in made], TENSOR, window.start) is None


def test_the_same_elements_in_another_shape() -> None:
    made = [one.reshape(72, 1, 12) for one in TENSOR]
    found = find(made, TENSOR)
    assert found is not None
    assert found.flat
    assert np.array_equal(found.of(TENSOR[0]), made[0])


def test_a_few_values_prove_nothing() -> None:
    assert find([one[0, :1, :1, :4] for one in TENSOR], TENSOR) is None
