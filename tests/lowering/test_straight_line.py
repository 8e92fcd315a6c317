"""Requantization along a straight line equals TFLM's at every accumulator, or is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.graph.parameters import Requantization
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model
from mcuzoo.lowering.straight_line import SHIFT, first_accumulators, straight_line
from mcuzoo.ops.kernels.product_blocks import PointwiseDspParams
from mcuzoo.ops.lower import lower


def twice_rounded(
    accumulators: NDArray[np.int64], multiplier: int, shift: int, to: Requantization
) -> NDArray[np.int64]:
    """As gemmlowp defines it, in int64."""
    product = (accumulators * multiplier + 2**30) >> 31
    magnitude = (np.abs(product) + (1 << (shift - 1))) >> shift
    return np.clip(np.sign(product) * magnitude + to.output_zero_point, to.minimum, to.maximum)


@st.composite
def layers(draw: st.DrawFn) -> tuple[Requantization, NDArray[np.int64], NDArray[np.int64]]:
    """Ranges of at most a million accumulators."""
    channels = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shifts = rng.integers(draw(st.integers(1, 11)), 13, channels)
    multipliers = rng.integers(2**30, 2**31, channels)
    zero_point = draw(st.one_of(st.just(-128), st.integers(-128, 127)))
    relu = draw(st.integers(0, 4)) > 0
    to = Requantization(
        multipliers.astype(np.int32),
        -shifts.astype(np.int32),
        zero_point,
        zero_point if relu else -128,
        draw(st.one_of(st.just(127), st.integers(zero_point, 127))),
    )
    edges = np.sort(rng.integers(-(2**19), 2**19, (channels, 2)), axis=1)
    return to, edges[:, 0], edges[:, 1]


@settings(max_examples=40, deadline=None)
@given(layers())
def test_equal_at_every_accumulator(
    layer: tuple[Requantization, NDArray[np.int64], NDArray[np.int64]],
) -> None:
    to, lowest, highest = layer
    line = straight_line(to, lowest, highest)
    if line is None:
        return
    for channel, (low, high) in enumerate(zip(lowest, highest, strict=True)):
        accumulators = np.arange(low, high + 1)
        sums = 256 * accumulators + line.beta[channel]
        assert sums.min() >= -(2**31) and sums.max() < 2**31
        upper = sums * int(line.multipliers[channel]) >> 32
        outputs = np.clip((upper + line.offset) >> SHIFT, -128, 127)
        expected = twice_rounded(
            accumulators, int(to.multipliers[channel]), -int(to.shifts[channel]), to
        )
        np.testing.assert_array_equal(np.clip(outputs, to.minimum, to.maximum), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(2**30, 2**31 - 1), st.integers(1, 12), st.integers(-128, 127))
def test_steps_begin_where_they_begin(multiplier: int, shift: int, zero_point: int) -> None:
    to = Requantization(np.zeros(1), np.zeros(1), zero_point, -128, 127)
    outputs = range(-127, 128)
    (first,) = first_accumulators(np.array([multiplier]), np.array([shift]), zero_point, outputs)
    steps = np.arange(-127, 128)
    np.testing.assert_array_less(steps - 1, twice_rounded(first, multiplier, shift, to))
    np.testing.assert_array_less(twice_rounded(first - 1, multiplier, shift, to), steps)


def test_signed_outputs_have_none() -> None:
    """Halves below zero go the other way."""
    to = Requantization(np.array([2**30 + 12345]), np.array([-8]), 0, -128, 127)
    assert straight_line(to, np.array([-60000]), np.array([60000])) is None


@pytest.mark.parametrize("name", ["mobilenet_v1_0.25_128_quant_int8"])
def test_every_pointwise_layer_of_mobilenet_has_one(test_data: Path, name: str) -> None:
    program = build_program(load_model(test_data / "models" / f"{name}.tflite"))
    params = [call.params for call in lower(program)]
    exact = [each.exact for each in params if isinstance(each, PointwiseDspParams)]
    assert exact[:13] == [0] * 13
