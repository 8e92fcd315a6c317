"""The short way of requantizing equals TFLM's two roundings, on and beside every boundary."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.graph.fixedpoint import multiply_by_quantized_multiplier, wrap_int32
from mcuzoo.graph.parameters import Requantization
from mcuzoo.ops.common.reference import requantize

MULTIPLIERS = st.integers(1 << 30, (1 << 31) - 1)


def in_two_roundings(
    accumulators: np.ndarray[tuple[int, ...], np.dtype[np.int64]], to: Requantization
) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    scaled = multiply_by_quantized_multiplier(wrap_int32(accumulators), to.multipliers, to.shifts)
    return np.clip(scaled + to.output_zero_point, to.minimum, to.maximum).astype(np.int8)


@settings(max_examples=examples(150), deadline=None)
@given(
    multipliers=st.lists(MULTIPLIERS, min_size=1, max_size=4),
    shifts=st.lists(st.integers(-20, 2), min_size=4, max_size=4),
    zero_point=st.integers(-128, 127),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from([np.float32, np.float64, np.int32, np.int64]),
)
def test_equals_two_roundings(
    multipliers: list[int], shifts: list[int], zero_point: int, seed: int, dtype: type
) -> None:
    channels = len(multipliers)
    to = Requantization(
        np.array(multipliers, np.int32),
        np.array(shifts[:channels], np.int32),
        zero_point,
        -128,
        127,
    )
    random = np.random.default_rng(seed)
    # Where the result is within int8 and a little beyond, and half-way between its steps.
    steps = random.integers(-300, 300, (64, channels)) / 2
    factors = np.ldexp(to.multipliers.astype(np.float64), to.shifts.astype(np.int64) - 31)
    near = np.rint(steps / factors) + random.integers(-3, 4, (64, channels))
    limit = (1 << 24) - 1 if dtype == np.float32 else (1 << 31) - 1
    accumulators = np.clip(near, -limit, limit).astype(np.int64)
    expected = in_two_roundings(accumulators, to)
    np.testing.assert_array_equal(requantize(accumulators.astype(dtype), to), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_sums_beyond_int32_wrap(dtype: type) -> None:
    to = Requantization(np.array([1 << 30]), np.array([-8]), 0, -128, 127)
    sums = np.array([[(1 << 32) + 5000], [-(1 << 32) - 7000]])
    np.testing.assert_array_equal(requantize(sums.astype(dtype), to), in_two_roundings(sums, to))


def test_the_layout_of_the_accumulators_does_not_matter() -> None:
    """Products keep the layout of an operand, which may be a transposed view."""
    to = Requantization(np.array([1129061836], np.int32), np.array([-6], np.int32), -128, -128, 127)
    accumulators = np.arange(0, 30000, 3, dtype=np.int64).reshape(100, 100)
    expected = in_two_roundings(accumulators, to)
    assert np.ascontiguousarray(accumulators.T).T.strides != accumulators.strides
    np.testing.assert_array_equal(requantize(np.ascontiguousarray(accumulators.T).T, to), expected)
