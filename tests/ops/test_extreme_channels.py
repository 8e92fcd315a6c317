"""Channels with numbers that fast kernels cannot hold give the same outputs with others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.graph.parameters import Requantization
from mcuzoo.ops.common.extreme_channels import brought_near
from mcuzoo.ops.common.reference import requantize

INPUTS = 12


def outputs_of(
    rows: np.ndarray, plain: np.ndarray, zero_point: int, to: Requantization
) -> np.ndarray:
    """For inputs that reach both ends of every accumulator, and others."""
    rng = np.random.default_rng(1)
    values = rng.integers(-128, 128, (2000, rows.shape[1]))
    ends = np.where(rows > 0, 127, -128), np.where(rows > 0, -128, 127)
    values = np.concatenate([values, *ends]) - zero_point
    return requantize(values @ rows.T.astype(np.int64) + plain, to)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 4, 127]),
    st.sampled_from([0, 1000, 2**22, 2**29]),
    st.integers(0, 28),
    st.sampled_from([-128, 0, 5]),
)
def test_outputs_stay_as_they_are(
    seed: int, weight: int, bias: int, right: int, zero_point: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(-weight, weight + 1, (6, INPUTS)).astype(np.int8)
    plain = rng.integers(-bias, bias + 1, 6, dtype=np.int64)
    to = Requantization(
        rng.integers(2**30, 2**31, 6).astype(np.int32),
        np.full(6, -right, np.int32),
        -128 if seed % 2 else 7,
        -128 if seed % 2 else -100,
        127,
    )
    expected = outputs_of(rows, plain, zero_point, to)
    changed = rows.copy()
    near, other = brought_near(changed, plain, zero_point, to)
    np.testing.assert_array_equal(outputs_of(changed, near, zero_point, other), expected)


@pytest.mark.parametrize("output", [-3, 0, 100])
def test_one_output_needs_no_weights(output: int) -> None:
    rows = np.ones((1, INPUTS), np.int8)
    to = Requantization(np.array([2**30]), np.array([-19]), 5, -128, 127)
    plain = np.array([output << 20], np.int64)
    near, other = brought_near(rows, plain, 0, to)
    assert not rows.any()
    assert requantize(near[None], other).tolist() == [[output + 5]]


def test_a_few_outputs_keep_their_weights() -> None:
    rows = np.full((1, INPUTS), 127, np.int8)
    to = Requantization(np.array([2**30 + 12345]), np.array([-17]), -128, -128, 127)
    before = replace(to)
    near, other = brought_near(rows, np.array([100_000], np.int64), -128, to)
    assert rows.all() and other.shifts[0] == -16 and near[0] != 100_000
    first, last = 100_000, 100_000 + 127 * 255 * INPUTS
    sums = np.arange(first, last + 1)[:, None]
    outputs = requantize(sums, before)
    assert len(np.unique(outputs)) > 2
    np.testing.assert_array_equal(requantize(sums + near - 100_000, other), outputs)
