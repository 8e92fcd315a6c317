"""Matrix products for the kernels with packed weights: shapes around their blocks and loops."""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers import op_cases as cases
from helpers import tflite_builder as build
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcuzoo.graph.program import build_program
from mcuzoo.graph.read import parse_model
from mcuzoo.ops.common.weighted import WeightedWork
from mcuzoo.ops.table import computed


def work_of(raw: bytes) -> WeightedWork:
    program = build_program(parse_model(raw, "case"))
    work = computed(program.steps[0].op).prepare(program, program.steps[0])
    assert isinstance(work, WeightedWork)
    return work


@st.composite
def product_weights(draw: st.DrawFn, *shape: int) -> NDArray[np.int8]:
    """Noise of some size, or one value everywhere; nothing that needs the portable kernel."""
    fill = draw(st.one_of(st.none(), st.none(), st.sampled_from([-127, 0, 127])))
    if fill is not None:
        return np.full(shape, fill, np.int8)
    most = draw(st.sampled_from([3, 40, 127]))
    rng = np.random.default_rng(draw(cases.SEEDS))
    return rng.integers(-most, most + 1, shape, dtype=np.int8)


@st.composite
def ordinary_quantization(draw: st.DrawFn, channels: int, depth: int) -> dict[str, Any]:
    """As training leaves it: outputs of a few hundred steps, ReLU clamped at the zero point as
    often as not; or any other."""
    if draw(st.integers(0, 3)) == 0:
        return draw(cases.layer_quantization(channels))
    rng = np.random.default_rng(draw(cases.SEEDS))
    relu = draw(st.booleans())
    input_scale = 0.0235
    weight_scales = [float(np.float32(value)) for value in rng.uniform(2e-3, 2e-2, channels)]
    output_scale = input_scale * 0.01 * float(np.sqrt(depth)) * draw(st.floats(0.5, 30.0))
    return {
        "weight_scales": weight_scales,
        "input_scale": input_scale,
        "output_scale": float(np.float32(output_scale)),
        "input_zero_point": -128 if relu else draw(cases.ZERO_POINTS),
        "output_zero_point": -128 if relu else draw(cases.ZERO_POINTS),
        "activation": "RELU" if relu else draw(cases.ACTIVATIONS),
    }


@st.composite
def pointwise_products(draw: st.DrawFn) -> bytes:
    """Any number of pixels, quads of input channels below and above what a loop unrolls."""
    depth = 4 * draw(st.one_of(st.integers(1, 9), st.sampled_from([16, 17, 18, 32, 33, 34, 49])))
    channels, size = draw(st.integers(2, 12)), (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    return build.conv_model(
        (1, *size, depth),
        draw(product_weights(channels, 1, 1, depth)),
        draw(cases.biases(channels)),
        **draw(ordinary_quantization(channels, depth)),
    )


@st.composite
def products_to_one_channel(draw: st.DrawFn) -> bytes:
    """Rows of any depth, as many as are requantized together, fewer and more."""
    depth, rows = draw(st.integers(1, 40)), draw(st.sampled_from([2, 3, 31, 32, 33, 64, 77]))
    weights = np.random.default_rng(draw(cases.SEEDS)).integers(-128, 128, (1, depth), np.int8)
    quantization = draw(ordinary_quantization(1, depth))
    return build.fully_connected_model(
        (rows, depth), weights, draw(cases.biases(1)), **quantization
    )


@st.composite
def products_to_two_channels(draw: st.DrawFn) -> bytes:
    depth, rows = 4 * draw(st.integers(32, 70)), draw(st.sampled_from([1, 2]))
    weights = np.random.default_rng(draw(cases.SEEDS)).integers(-128, 128, (2, depth), np.int8)
    quantization, bias = draw(ordinary_quantization(2, depth)), draw(cases.biases(2))
    return build.fully_connected_model((rows, depth), weights, bias, **quantization)


@st.composite
def long_rows(draw: st.DrawFn) -> bytes:
    """Rows of several parts, with weights and sums that no other packed kernel takes."""
    depth = draw(st.one_of(st.integers(64, 140), st.sampled_from([511, 512, 513, 1024, 1100])))
    channels = draw(st.one_of(st.integers(3, 9), st.sampled_from([31, 32, 33, 64, 69])))
    rng = np.random.default_rng(draw(cases.SEEDS))
    weights = rng.integers(-128, 128, (channels, depth), dtype=np.int8)
    if draw(st.booleans()):
        weights[rng.random(weights.shape) < 0.5] = -128
    quantization = draw(ordinary_quantization(channels, depth))
    rows, bias = draw(st.sampled_from([1, 1, 2, 5])), draw(cases.biases(channels))
    return build.fully_connected_model((rows, depth), weights, bias, **quantization)


@st.composite
def fully_connected_products(draw: st.DrawFn) -> bytes:
    """One row or two of any depth, for the row kernel, or more of them, for blocks."""
    depth = 4 * draw(st.one_of(st.integers(1, 9), st.sampled_from([15, 16, 17, 18, 32, 33, 65])))
    depth -= draw(st.sampled_from([0, 0, 1, 2, 3]))
    channels, rows = draw(st.integers(1, 13)), draw(st.sampled_from([1, 1, 2, 2, 3, 6]))
    quantization = draw(ordinary_quantization(channels, depth))
    if draw(st.booleans()):
        # One scale for all channels, as TensorFlow has it.
        quantization["weight_scales"] = quantization["weight_scales"][:1]
    return build.fully_connected_model(
        (rows, depth),
        draw(product_weights(channels, depth)),
        draw(cases.biases(channels)),
        **quantization,
    )


@st.composite
def window_products(draw: st.DrawFn) -> bytes:
    """Windows of any stride and dilation, over any edge; channels that fill quads or not; some of
    them with weights that do not fit beside the next one."""
    depth, channels = draw(st.integers(1, 9)), draw(st.integers(2, 9))
    window = draw(cases.windows(dilated=True))
    image, taps = window.pop("image"), window.pop("taps")
    weights = draw(product_weights(channels, *taps, depth))
    lowest = draw(st.sampled_from([0.0, 0.0, 0.1, 0.8]))
    weights[np.random.default_rng(draw(cases.SEEDS)).random(weights.shape) < lowest] = -128
    return build.conv_model(
        (1, *image, depth),
        weights,
        draw(cases.biases(channels)),
        **window,
        **draw(ordinary_quantization(channels, depth * taps[0] * taps[1])),
    )
