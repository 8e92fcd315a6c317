"""Convolutions for the kernels that take a window apart: every border, odd sizes, quantizations as
training leaves them with ReLU, and others."""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers import op_cases as cases
from helpers import tflite_builder as build
from helpers.product_cases import product_weights
from hypothesis import assume
from hypothesis import strategies as st


@st.composite
def relu_quantization(draw: st.DrawFn, channels: int, taps: int) -> dict[str, Any]:
    """Outputs of a few hundred steps; a clamp at the zero point, mostly the lowest."""
    if draw(st.integers(0, 7)) == 0:
        return draw(cases.layer_quantization(channels))
    rng = np.random.default_rng(draw(cases.SEEDS))
    lowest, highest = draw(st.sampled_from([(2e-3, 2e-2), (1e-2, 2e-2), (2e-5, 2e-2)]))
    weight_scales = np.exp(rng.uniform(np.log(lowest), np.log(highest), channels))
    output_scale = 0.0235 * 0.01 * float(np.sqrt(taps)) * draw(st.floats(0.3, 60.0))
    return {
        "weight_scales": [float(np.float32(value)) for value in weight_scales],
        "input_scale": 0.0235,
        "output_scale": float(np.float32(output_scale)),
        "input_zero_point": draw(cases.ZERO_POINTS),
        "output_zero_point": draw(st.one_of(st.just(-128), st.integers(-128, 100))),
        "activation": draw(st.sampled_from(["RELU", "RELU", "RELU6"])),
    }


def small_biases(channels: int) -> st.SearchStrategy[Any]:
    return cases.SEEDS.map(
        lambda seed: np.random.default_rng(seed).integers(-20000, 20000, channels, dtype=np.int32)
    )


def spread_quantization(
    draw: st.DrawFn, rng: np.random.Generator, channels: int, taps: tuple[int, int]
) -> dict[str, Any]:
    """Any activation and zero points; channels with scales far apart."""
    return {
        "activation": draw(cases.ACTIVATIONS),
        "weight_scales": [float(np.float32(one)) for one in rng.uniform(1e-3, 2e-2, channels)],
        "input_scale": 0.0235,
        "input_zero_point": draw(cases.ZERO_POINTS),
        "output_scale": float(np.float32(0.0235 * 0.01 * taps[0] * taps[1] * rng.uniform(1, 30))),
        "output_zero_point": draw(cases.ZERO_POINTS),
    }


@st.composite
def depthwise_3x3(draw: st.DrawFn) -> bytes:
    """Around groups of 4 columns, planes of 4 channels, strips of 8 or 4 rows, tiles of 64."""
    stride = draw(st.sampled_from([1, 2]))
    height = draw(st.one_of(st.integers(1, 12), st.sampled_from([17, 24])))
    width = draw(st.one_of(st.integers(1, 12), st.sampled_from([63, 64, 65, 66, 67, 69, 131])))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    assume(padding == "SAME" or min(height, width) >= 3)
    channels = draw(st.sampled_from([4, 4, 5, 7, 8, 11] if width < 60 else [4, 5]))
    return build.depthwise_model(
        (1, height, width, channels),
        draw(product_weights(1, 3, 3, channels)),
        draw(small_biases(channels)),
        stride=(stride, stride),
        padding=padding,
        **draw(relu_quantization(channels, 9)),
    )


@st.composite
def depthwise_of_any_window(draw: st.DrawFn) -> bytes:
    """Around groups of 4 columns and tiles of 64, lanes of 4 channels; windows with a loop of their
    own and others; along rows a stride or a dilation. Or a CONV_2D from one channel to one."""
    taps = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    stride, dilation = draw(st.sampled_from([1, 1, 2, 3])), draw(st.sampled_from([1, 1, 2, 3]))
    strides = draw(st.integers(1, 3)), stride
    dilations = draw(st.integers(1, 3)), dilation if stride == 1 else 1
    height = draw(st.integers(1, 14))
    width = draw(st.one_of(st.integers(1, 14), st.sampled_from([63, 66, 131])))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    for size, tap, step in zip((height, width), taps, dilations, strict=True):
        assume(padding == "SAME" or (tap - 1) * step + 1 <= size)
    depth, multiplier = draw(st.sampled_from([(1, 1), (3, 1), (4, 1), (5, 2), (2, 8), (9, 1)]))
    channels = depth * multiplier
    rng = np.random.default_rng(draw(cases.SEEDS))
    weights = draw(product_weights(1, *taps, channels))
    # Of more outputs than one it must be large to be worth it.
    convolution = channels == 1 and draw(st.booleans())
    return (build.conv_model if convolution else build.depthwise_model)(
        (1, height, width, depth),
        weights.transpose(3, 1, 2, 0).copy() if convolution else weights,
        draw(small_biases(channels)),
        stride=strides,
        dilation=dilations,
        padding=padding,
        **spread_quantization(draw, rng, channels, taps),
    )


@st.composite
def depthwise_of_pixels(draw: st.DrawFn) -> bytes:
    """Windows of two taps or more over few pixels, inside and over every edge; around fours of
    channels."""
    taps = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    assume(taps != (1, 1))
    return _depthwise(draw, taps, (draw(st.integers(1, 8)), draw(st.integers(1, 8))), most_step=3)


@st.composite
def depthwise_of_a_row(draw: st.DrawFn) -> bytes:
    """Around groups of 4 columns, tiles of 64, fours of channels; each of the kernel's loops."""
    width = draw(st.one_of(st.integers(4, 20), st.sampled_from([64, 65, 67, 68, 131])))
    return _depthwise(draw, (1, draw(st.integers(2, 13))), (1, width), most_step=1)


def _depthwise(
    draw: st.DrawFn, taps: tuple[int, int], image: tuple[int, int], most_step: int
) -> bytes:
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    steps = st.tuples(st.integers(1, most_step), st.integers(1, most_step))
    strides, dilations = draw(steps), draw(steps)
    for size, tap, step in zip(image, taps, dilations, strict=True):
        assume(padding == "SAME" or (tap - 1) * step + 1 <= size)
    channels = draw(st.sampled_from([4, 5, 7, 8, 11, 16]))
    rng = np.random.default_rng(draw(cases.SEEDS))
    return build.depthwise_model(
        (1, *image, channels),
        draw(product_weights(1, *taps, channels)),
        draw(small_biases(channels)),
        stride=strides,
        dilation=dilations,
        padding=padding,
        **spread_quantization(draw, rng, channels, taps),
    )


@st.composite
def stems(draw: st.DrawFn) -> bytes:
    """3x3 at stride 2 over gray or colour, with borders below and to the right or none."""
    depth, channels = draw(st.sampled_from([1, 3])), draw(st.sampled_from([4, 8, 12]))
    height, width = draw(st.integers(1, 13)), draw(st.integers(1, 18))
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    assume(padding == "SAME" or min(height, width) >= 3)
    return build.conv_model(
        (1, height, width, depth),
        draw(product_weights(channels, 3, 3, depth)),
        draw(small_biases(channels)),
        stride=(2, 2),
        padding=padding,
        **draw(relu_quantization(channels, 9 * depth)),
    )


@st.composite
def pointwise_then_depthwise(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Rows of whole groups, channels around whole panels, and what planes cannot hold."""
    stride = draw(st.sampled_from([1, 2]))
    width = draw(st.sampled_from([4, 8, 8, 12, 16, 32, 64, 132, 136, 268, 6]))
    height = draw(st.integers(1, 9) if width < 60 else st.integers(1, 3))
    padding = draw(st.sampled_from(["SAME", "SAME", "VALID"]))
    assume(padding == "SAME" or min(height, width) >= 3)
    # Of 4, 8 and 16 columns 44, 26 and 14 channels make a panel.
    channels = draw(st.sampled_from([4, 6, 14, 16, 26, 28, 46] if width < 20 else [4, 5, 6, 10]))
    depth = draw(st.sampled_from([4, 8, 12, 68, 72]))
    rng = np.random.default_rng(draw(cases.SEEDS))
    pointwise = build.conv_model(
        (1, height, width, depth),
        draw(product_weights(channels, 1, 1, depth)),
        draw(small_biases(channels)),
        weight_scales=[float(np.float32(value)) for value in rng.uniform(2e-3, 2e-2, channels)],
        input_scale=0.0235,
        output_scale=float(np.float32(0.0235 * 0.01 * np.sqrt(depth) * rng.uniform(0.5, 30))),
        input_zero_point=draw(cases.ZERO_POINTS),
        output_zero_point=-128,
        activation="RELU",
    )
    depthwise = build.depthwise_model(
        (1, height, width, channels),
        draw(product_weights(1, 3, 3, channels)),
        draw(small_biases(channels)),
        stride=(stride, stride),
        padding=padding,
        **draw(relu_quantization(channels, 9)),
    )
    return pointwise, depthwise
