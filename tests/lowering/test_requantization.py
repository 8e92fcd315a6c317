"""A line equals TFLM's two roundings at every accumulator of its range, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.graph.parameters import Requantization
from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import load_model
from mcuzoo.lowering.requantization import (
    PACKED_SHIFT,
    SCALE,
    Line,
    first_accumulators,
    lines,
    lines_of_two_shifts,
    rounding,
    straight_line,
)
from mcuzoo.ops.kernels.product_blocks import PointwiseDspParams
from mcuzoo.ops.lower import lower

Find = Callable[..., list[Line] | None]


def twice_rounded(
    accumulators: NDArray[np.int64], multiplier: int, right: int
) -> NDArray[np.int64]:
    """As gemmlowp defines it, in int64, before the zero point is added."""
    product = (accumulators * multiplier + 2**30) >> 31
    magnitude = (np.abs(product) + ((1 << right) >> 1)) >> right
    scaled: NDArray[np.int64] = np.sign(product) * magnitude
    return scaled


def outputs_of_tflm(
    accumulators: NDArray[np.int64], to: Requantization, channel: int
) -> NDArray[np.int64]:
    scaled = twice_rounded(accumulators, int(to.multipliers[channel]), -int(to.shifts[channel]))
    return np.clip(scaled + to.output_zero_point, to.minimum, to.maximum)


@st.composite
def channels_at_the_zero_point(
    draw: st.DrawFn,
) -> tuple[Requantization, NDArray[np.int64], NDArray[np.int64]]:
    """One channel whose activation clamps at the zero point."""
    zero_point = draw(st.integers(-128, 127))
    to = Requantization(
        np.array([draw(st.integers(2**30, 2**31 - 1))]),
        np.array([-draw(st.integers(0, 17))]),
        zero_point,
        zero_point,
        draw(st.one_of(st.just(127), st.integers(zero_point, 127))),
    )
    lowest = draw(st.integers(-(2**18), 2**18))
    return to, np.array([lowest]), np.array([lowest + draw(st.integers(0, 2**18))])


@settings(max_examples=examples(80), deadline=None)
@given(channels_at_the_zero_point(), st.sampled_from([lines, lines_of_two_shifts]))
def test_a_channels_line_is_equal_at_every_accumulator(
    channel: tuple[Requantization, NDArray[np.int64], NDArray[np.int64]], find: Find
) -> None:
    to, lowest, highest = channel
    found = find(to, lowest, highest)
    if found is None:
        return
    (line,) = found
    accumulators = np.arange(lowest[0], highest[0] + 1, dtype=np.int64)
    sums = (SCALE << line.up) * accumulators + line.beta
    assert sums.min() >= -(2**31) and sums.max() < 2**31
    upper = sums * line.multiplier >> 32
    outputs = np.clip((upper + line.round + rounding(line.shift)) >> line.shift, -128, 127) + 128
    expected = outputs_of_tflm(accumulators, to, 0) - to.output_zero_point
    np.testing.assert_array_equal(np.minimum(outputs, to.maximum - to.minimum), expected)


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


@settings(max_examples=examples(40), deadline=None)
@given(layers())
def test_a_layers_line_is_equal_at_every_accumulator(
    layer: tuple[Requantization, NDArray[np.int64], NDArray[np.int64]],
) -> None:
    to, lowest, highest = layer
    line = straight_line(to, lowest, highest)
    if line is None:
        return
    for channel, (low, high) in enumerate(zip(lowest, highest, strict=True)):
        accumulators = np.arange(low, high + 1)
        sums = SCALE * accumulators + line.beta[channel]
        assert sums.min() >= -(2**31) and sums.max() < 2**31
        upper = sums * int(line.multipliers[channel]) >> 32
        outputs = np.clip((upper + line.offset) >> PACKED_SHIFT, to.minimum, to.maximum)
        np.testing.assert_array_equal(outputs, outputs_of_tflm(accumulators, to, channel))


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(2**30, 2**31 - 1), st.integers(0, 12), st.integers(-128, 127))
def test_steps_begin_where_they_begin(multiplier: int, right: int, zero_point: int) -> None:
    outputs = range(-127, 128)
    (first,) = first_accumulators(np.array([multiplier]), np.array([right]), zero_point, outputs)
    steps = np.arange(-127, 128) - zero_point
    assert np.all(twice_rounded(first, multiplier, right) >= steps)
    assert np.all(twice_rounded(first - 1, multiplier, right) < steps)


@pytest.mark.parametrize(("find", "least"), [(lines, 2), (lines_of_two_shifts, 0)])
def test_almost_every_channel_has_one(find: Find, least: int) -> None:
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


@pytest.mark.parametrize(("find", "right"), [(lines, 6), (straight_line, 8)])
def test_outputs_of_both_signs_are_refused(find: Callable[..., object], right: int) -> None:
    """Halves below zero go the other way."""
    to = Requantization(np.array([2**30 + 12345]), np.array([-right]), 0, -128, 127)
    assert find(to, np.array([-60000]), np.array([60000])) is None


@pytest.mark.parametrize("find", [lines, lines_of_two_shifts, straight_line])
def test_sums_of_over_32_bits_are_refused(find: Callable[..., object]) -> None:
    """Even where no output depends on it."""
    to = Requantization(np.array([2**30]), np.array([-8]), -128, -128, 127)
    assert find(to, np.array([-(2**23) + 200]), np.array([0])) is not None
    assert find(to, np.array([-(2**23) - 200]), np.array([0])) is None
    assert find(to, np.array([-(2**40)]), np.array([2**40])) is None


def test_a_channel_whose_line_is_far_from_its_multiplier() -> None:
    """Op 13, channel 87 of the bundled model: near its multiplier no line can be told apart."""
    to = Requantization(np.array([1164744192]), np.array([-6]), -128, -128, 127)
    assert lines_of_two_shifts(to, np.array([-67671]), np.array([66969])) is not None


@pytest.mark.parametrize("name", ["mobilenet_v1_0.25_128_quant_int8"])
def test_every_pointwise_layer_of_mobilenet_has_one(test_data: Path, name: str) -> None:
    program = build_program(load_model(test_data / "models" / f"{name}.tflite"))
    params = [call.params for call in lower(program)]
    exact = [each.exact for each in params if isinstance(each, PointwiseDspParams)]
    assert exact[:13] == [0] * 13
