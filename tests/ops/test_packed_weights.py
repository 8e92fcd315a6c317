"""Packed weights hold what the model holds; what they cannot hold goes to the portable kernel."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.product_cases import work_of
from numpy.typing import NDArray

from mcuzoo.ops.kernels.dsp_weights import packable, weight_words
from mcuzoo.ops.kernels.product_blocks import ProductBlocks, distance
from mcuzoo.ops.kernels.product_parts import FullyConnectedPartsDspParams, ProductParts
from mcuzoo.ops.kernels.product_rows import ProductRows
from mcuzoo.ops.kernels.window_blocks import Conv2dDspParams, WindowBlocks, with_repeats
from mcuzoo.ops.table import computed


def weights(*shape: int) -> NDArray[np.int8]:
    return np.random.default_rng(3).integers(-127, 128, shape, dtype=np.int8)


def unpacked(words: NDArray[np.int32]) -> NDArray[np.int64]:
    """As the kernel takes a word apart."""
    lanes = np.ascontiguousarray(words.astype("<i4")).view("<i2").astype(np.int64)
    low = (lanes & 0xFF ^ 0x80) - 0x80
    return np.stack([(lanes - low) // 256, low], axis=2).reshape(len(words), -1)


def test_words_come_apart_into_the_weights() -> None:
    rows = weights(5, 24)
    rows[0, :8] = [-128, 127, 127, -128, 0, -128, -127, -128]
    assert packable(rows)
    np.testing.assert_array_equal(unpacked(weight_words(rows)), rows)


def test_the_one_pair_that_does_not_fit_a_halfword() -> None:
    rows = np.zeros((1, 4), np.int8)
    rows[0, 2:] = [-128, -1]
    assert not packable(rows)
    raw = build.fully_connected_model((8, 4), np.repeat(rows, 2, axis=0), None)
    assert chosen(raw) == "mz_fully_connected_s8"


@pytest.mark.parametrize(
    ("depth", "bias", "scale", "kernel"),
    [
        (8, 0, 0.1, "mz_pointwise_s8_dsp"),
        (10, 0, 0.1, "mz_fully_connected_s8"),
        # Sums are 256 times the accumulator.
        (8, 2**23, 40.0, "mz_fully_connected_s8"),
        (8, -(2**23), 40.0, "mz_fully_connected_s8"),
        # One output for all inputs: it becomes a small bias without weights.
        (8, 2**23, 0.1, "mz_pointwise_s8_dsp"),
        (8, 0, 1e6, "mz_pointwise_s8_dsp"),
        # A multiplier of one half and more.
        (8, 0, 0.0009, "mz_fully_connected_s8"),
    ],
)
def test_what_does_not_fit_goes_to_the_portable_kernel(
    depth: int, bias: int, scale: float, kernel: str
) -> None:
    values = np.full(3, bias, np.int32)
    raw = build.fully_connected_model((8, depth), weights(3, depth), values, output_scale=scale)
    assert chosen(raw) == kernel


def test_few_rows_go_one_by_one() -> None:
    raws = [build.fully_connected_model((rows, 8), weights(3, 8), None) for rows in (1, 2, 3)]
    assert [chosen(raw) for raw in raws] == [
        "mz_fully_connected_s8_dsp",
        "mz_fully_connected_s8_dsp",
        "mz_pointwise_s8_dsp",
    ]


def test_a_long_row_goes_by_parts() -> None:
    """Its sums leave 24 bits, or a weight does not fit beside its neighbour; few inputs or channels
    are as fast portably. More rows do where blocks cannot take them."""
    dense = np.full((4, 2048), 127, np.int8)
    lone = weights(4, 64)
    lone[1, 6:8] = [-128, -1]
    for raw, kernel in (
        (build.fully_connected_model((1, 2048), dense, None), "mz_fully_connected_parts_s8_dsp"),
        (build.fully_connected_model((1, 64), lone, None), "mz_fully_connected_parts_s8_dsp"),
        (build.fully_connected_model((9, 64), lone, None), "mz_fully_connected_parts_s8_dsp"),
        (build.fully_connected_model((1, 28), lone[:, :28], None), "mz_fully_connected_s8"),
        (build.fully_connected_model((1, 2048), dense[:2], None), "mz_two_channels_s8"),
        (build.fully_connected_model((2, 2048), dense, None), "mz_fully_connected_parts_s8_dsp"),
    ):
        assert chosen(raw) == kernel


def test_parts_hold_the_weights_and_what_is_left_of_exceptions() -> None:
    rows = weights(5, 1034)
    rows[[0, 4], [6, 1032]] = -128
    rows[[0, 4], [7, 1033]] = -1
    (call,) = ProductParts().lower(work_of(build.fully_connected_model((1, 1034), rows, None)))
    params = call.params
    assert isinstance(params, FullyConnectedPartsDspParams)
    assert (params.part, call.scratch_bytes) == (352, 704)
    words, found = params.packed.values, []
    assert words[:4].tolist() == [0, 6, 4, 1032]
    streams = words[4:]
    for part in (352, 352, 336):
        size = 2 * 4 * (1 + part // 4)
        block, streams = streams[:size].reshape(2, -1, 4), streams[size:]
        found.append(unpacked(block[:, 1:].swapaxes(1, 2).reshape(8, -1)))
    assert not len(streams)
    expected = np.zeros((8, 1040), np.int64)
    expected[:5, :1034] = np.maximum(rows, -128)
    expected[[0, 4], [6, 1032]] = -127
    np.testing.assert_array_equal(np.concatenate(found, axis=1), expected)


def test_what_does_not_fit_beside_its_neighbour_is_read_twice() -> None:
    """Windows and pixels by blocks; as often as weights of one place do not fit, its input is
    repeated once."""
    rows = weights(4, 1, 1, 8)
    rows[[0, 2, 3], 0, 0, [2, 2, 6]] = -128
    rows[[0, 2, 3], 0, 0, [3, 3, 7]] = -1
    raw = build.conv_model((1, 5, 5, 8), rows, None)
    assert chosen(raw) == "mz_conv_2d_s8_dsp"
    found, places = with_repeats(rows.reshape(4, 8))
    assert packable(found) and places.tolist() == [2, 6, 0, 0]
    again = np.eye(8, dtype=np.int64)[places]
    np.testing.assert_array_equal(found[:, :8] + found[:, 8:] @ again, rows.reshape(4, 8))
    (call,) = WindowBlocks().lower(work_of(raw))
    params = call.params
    assert isinstance(params, Conv2dDspParams)
    assert (params.depth, params.repeated) == (12, 4)
    assert params.packed.values[-4:].tolist() == [2, 6, 0, 0]


def test_rows_to_one_channel_go_by_pairs() -> None:
    one = weights(1, 1, 1, 16)
    assert chosen(build.conv_model((1, 12, 12, 16), one, None)) == "mz_lone_channel_s8"
    assert chosen(build.fully_connected_model((3, 16), one[0, 0], None)) == "mz_lone_channel_s8"
    assert chosen(build.conv_model((1, 1, 1, 16), one, None)) != "mz_lone_channel_s8"


def test_an_odd_channel_is_packed_with_the_one_before_it() -> None:
    work = work_of(build.fully_connected_model((8, 8), weights(3, 8), None))
    (call,) = ProductBlocks().lower(work)
    (packed,) = call.constants()
    last = packed.values.reshape(2, -1)[1, 2:6].reshape(2, 2)
    np.testing.assert_array_equal(unpacked(last.T), work.weights[1:])


def test_distance_of_blocks() -> None:
    assert distance(64, 8, 16) == 60 * 8
    assert distance(13, 8, 16) == 12 * 8
    assert distance(64, 16, 8) == -4 * 8
    assert distance(64, 8, 8) == 0
    assert distance(4, 8, 16) == -64
    assert distance(2, 8, 16, at_once=1) == 8


def chosen(raw: bytes) -> str:
    work = work_of(raw)
    return next(each for each in computed(work.op).variants if each.accepts(work)).kernel


def test_a_scale_that_all_channels_share_is_kept_once() -> None:
    """Nine bytes of each channel otherwise."""
    (alike,) = ProductRows().lower(
        work_of(build.fully_connected_model((1, 8), weights(8, 8), None))
    )
    scales = [0.01 + channel * 1e-4 for channel in range(8)]
    raw = build.fully_connected_model((1, 8), weights(8, 8), None, weight_scales=scales)
    (apart,) = ProductRows().lower(work_of(raw))
    (one,), (other,) = alike.constants(), apart.constants()
    assert other.values.nbytes - one.values.nbytes == 9 * 8
