"""A channel's line equals TFLM's two roundings at every accumulator of its range, or is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.graph.parameters import Requantization
from mcuzoo.lowering.requantization import (
    SCALE,
    Line,
    first_accumulators,
    lines,
    lines_of_two_shifts,
    rounding,
)


def twice_rounded(
    accumulators: np.ndarray, multiplier: int, right: int, maximum: int
) -> np.ndarray:
    """As gemmlowp defines it, above the zero point, in int64."""
    product = (accumulators * multiplier + 2**30) >> 31
    magnitude = (np.abs(product) + ((1 << right) >> 1)) >> right
    clipped: np.ndarray = np.clip(np.sign(product) * magnitude, 0, maximum)
    return clipped


@settings(max_examples=80, deadline=None)
@given(
    st.integers(2**30, 2**31 - 1),
    st.integers(0, 17),
    st.tuples(st.integers(-(2**18), 2**18), st.integers(0, 2**18)),
    st.integers(-128, 127),
    st.sampled_from([lines, lines_of_two_shifts]),
    st.data(),
)
def test_equal_at_every_accumulator(
    multiplier: int,
    right: int,
    edge: tuple[int, int],
    zero_point: int,
    find: Callable[..., list[Line] | None],
    data: st.DataObject,
) -> None:
    lowest, highest = edge[0], edge[0] + edge[1]
    maximum = data.draw(st.one_of(st.just(127), st.integers(zero_point, 127)))
    to = Requantization(np.array([multiplier]), np.array([-right]), zero_point, zero_point, maximum)
    found = find(to, np.array([lowest]), np.array([highest]))
    if found is None:
        return
    (line,) = found
    accumulators = np.arange(lowest, highest + 1, dtype=np.int64)
    sums = (SCALE << line.up) * accumulators + line.beta
    assert sums.min() >= -(2**31) and sums.max() < 2**31
    upper = sums * line.multiplier >> 32
    outputs = np.clip((upper + line.round + rounding(line.shift)) >> line.shift, -128, 127) + 128
    expected = twice_rounded(accumulators, multiplier, right, maximum - zero_point)
    np.testing.assert_array_equal(np.clip(outputs, 0, maximum - zero_point), expected)


@given(st.integers(2**30, 2**31 - 1), st.integers(0, 12))
def test_steps_begin_where_they_begin(multiplier: int, right: int) -> None:
    first = first_accumulators(multiplier, right, 255)
    np.testing.assert_array_equal(
        twice_rounded(first, multiplier, right, 2**31) >= np.arange(1, 256), True
    )
    np.testing.assert_array_less(
        twice_rounded(first - 1, multiplier, right, 2**31), np.arange(1, 256)
    )


@pytest.mark.parametrize(("find", "least"), [(lines, 2), (lines_of_two_shifts, 0)])
def test_almost_every_channel_has_one(find: Callable[..., list[Line] | None], least: int) -> None:
    rng = np.random.default_rng(3)
    multipliers = rng.integers(2**30, 2**31, 200).astype(np.int32)
    rights = rng.integers(least, 10, 200).astype(np.int32)
    edges = np.full(200, 2**17)
    refused = [
        channel
        for channel in range(200)
        if find(
            Requantization(multipliers[[channel]], -rights[[channel]], -128, -128, 127),
            -edges[[channel]],
            edges[[channel]],
        )
        is None
    ]
    assert len(refused) <= 2


def test_signed_outputs_are_refused() -> None:
    """Halves below zero go the other way."""
    to = Requantization(np.array([2**30 + 12345]), np.array([-6]), 0, -128, 127)
    assert lines(to, np.array([-60000]), np.array([60000])) is None


def test_a_channel_whose_line_is_far_from_its_multiplier() -> None:
    """Op 13, channel 87 of the bundled model: near its multiplier no line can be told apart."""
    to = Requantization(np.array([1164744192]), np.array([-6]), -128, -128, 127)
    assert lines_of_two_shifts(to, np.array([-67671]), np.array([66969])) is not None
