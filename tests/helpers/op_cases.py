"""One-op INT8 models drawn by hypothesis: shapes, windows, quantizations and their extremes.

Channel counts reach beyond the kernels' blocks (32 channels, lanes of 4) and rarely divide by them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers import tflite_builder as build
from hypothesis import assume
from hypothesis import strategies as st
from numpy.typing import NDArray

SEEDS = st.integers(0, 2**32 - 1)
ZERO_POINTS = st.one_of(st.sampled_from([-128, 0, 127]), st.integers(-128, 127))
ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
CHANNELS = st.one_of(st.integers(1, 9), st.sampled_from([31, 32, 33, 37, 66]))
SIZES = st.integers(1, 9)


def scales(low: float = 1e-3, high: float = 2.0) -> st.SearchStrategy[float]:
    return st.floats(np.log(low), np.log(high)).map(lambda log: float(np.float32(np.exp(log))))


@st.composite
def weights(draw: st.DrawFn, *shape: int) -> NDArray[np.int8]:
    """Noise, or one extreme value everywhere."""
    fill = draw(st.one_of(st.none(), st.sampled_from([-128, -127, 0, 127])))
    if fill is not None:
        return np.full(shape, fill, np.int8)
    return np.random.default_rng(draw(SEEDS)).integers(-128, 128, shape, dtype=np.int8)


@st.composite
def biases(draw: st.DrawFn, channels: int) -> NDArray[np.int32] | None:
    magnitude = draw(st.sampled_from([None, 1, 2**10, 2**18, 2**25]))
    if magnitude is None:
        return None
    rng = np.random.default_rng(draw(SEEDS))
    return rng.integers(-magnitude, magnitude + 1, channels, dtype=np.int32)


@st.composite
def windows(draw: st.DrawFn, dilated: bool) -> dict[str, Any]:
    """Image, taps, stride, dilation and padding that leave at least one window."""
    steps = st.integers(1, 3)
    image = draw(SIZES), draw(SIZES)
    taps = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    dilation = (draw(steps), draw(steps)) if dilated else (1, 1)
    padding = draw(st.sampled_from(["SAME", "VALID"]))
    for size, tap, step in zip(image, taps, dilation, strict=True):
        assume(padding == "SAME" or (tap - 1) * step + 1 <= size)
    stride = draw(steps), draw(steps)
    window = {"image": image, "taps": taps, "stride": stride, "padding": padding}
    return {**window, "dilation": dilation} if dilated else window


@st.composite
def layer_quantization(draw: st.DrawFn, channels: int) -> dict[str, Any]:
    """Per tensor or per channel; the output's scale makes multipliers from 1e-6 to 4."""
    count = draw(st.sampled_from([1, channels]))
    rng = np.random.default_rng(draw(SEEDS))
    weight_scales = [float(np.float32(value)) for value in rng.uniform(1e-3, 0.1, count)]
    input_scale = draw(scales())
    output_scale = float(np.float32(input_scale * weight_scales[0] / draw(scales(1e-6, 4.0))))
    return {
        "weight_scales": weight_scales,
        "input_scale": input_scale,
        "output_scale": output_scale,
        "input_zero_point": draw(ZERO_POINTS),
        "output_zero_point": draw(ZERO_POINTS),
        "activation": draw(ACTIVATIONS),
    }


@st.composite
def convolutions(draw: st.DrawFn) -> bytes:
    depth, channels = draw(CHANNELS), draw(CHANNELS)
    window = draw(windows(dilated=True))
    image, taps = window.pop("image"), window.pop("taps")
    data = draw(weights(channels, *taps, depth)), draw(biases(channels))
    quantization = draw(layer_quantization(channels))
    return build.conv_model((1, *image, depth), *data, **window | quantization)


@st.composite
def pointwise_convolutions(draw: st.DrawFn) -> bytes:
    depth, channels, size = draw(st.integers(1, 40)), draw(CHANNELS), (draw(SIZES), draw(SIZES))
    data = draw(weights(channels, 1, 1, depth)), draw(biases(channels))
    return build.conv_model((1, *size, depth), *data, **draw(layer_quantization(channels)))


@st.composite
def depthwise_convolutions(draw: st.DrawFn) -> bytes:
    depth, multiplier = draw(CHANNELS), draw(st.sampled_from([1, 1, 2, 3, 8]))
    window = draw(windows(dilated=True))
    image, taps = window.pop("image"), window.pop("taps")
    channels = depth * multiplier
    data = draw(weights(1, *taps, channels)), draw(biases(channels))
    quantization = draw(layer_quantization(channels))
    return build.depthwise_model((1, *image, depth), *data, **window | quantization)


@st.composite
def fully_connected(draw: st.DrawFn) -> bytes:
    depth, channels = draw(st.integers(1, 70)), draw(CHANNELS)
    leading = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    data = draw(weights(channels, depth)), draw(biases(channels))
    return build.fully_connected_model(
        (*leading, depth),
        *data,
        keep_num_dims=draw(st.booleans()),
        **draw(layer_quantization(channels)),
    )


@st.composite
def pools(draw: st.DrawFn) -> bytes:
    window = draw(windows(dilated=False))
    image, taps = window.pop("image"), window.pop("taps")
    return build.pool_model(
        draw(st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"])),
        (1, *image, draw(CHANNELS)),
        filter_size=taps,
        **window,
        activation=draw(ACTIVATIONS),
        scale=draw(scales()),
        zero_point=draw(ZERO_POINTS),
    )


@st.composite
def reductions(draw: st.DrawFn) -> bytes:
    """SUM's output has a scale that makes factors from 1e-6 to 4."""
    name = draw(st.sampled_from(["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"]))
    shape = tuple(draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    axis = st.integers(-len(shape), len(shape) - 1)
    scale, zero_point = draw(scales()), draw(ZERO_POINTS)
    alike = name.startswith("REDUCE")
    return build.reduction_model(
        name,
        shape,
        draw(st.lists(axis, min_size=1, max_size=len(shape))),
        keep_dims=draw(st.booleans()),
        input_scale=scale,
        output_scale=scale if alike else float(np.float32(scale / draw(scales(1e-6, 4.0)))),
        input_zero_point=zero_point,
        output_zero_point=zero_point if alike else draw(ZERO_POINTS),
    )


BINARY = ("ADD", "SUB", "SQUARED_DIFFERENCE", "MUL", "PRELU", "MAXIMUM", "MINIMUM")
FUSING = frozenset(("ADD", "SUB", "MUL"))
"""Operators of two inputs that may fuse an activation."""


@st.composite
def binaries(draw: st.DrawFn, names: tuple[str, ...], constant: bool = False) -> bytes:
    """One of `names`, of the input and a constant or (unless `constant`) itself, or what is made of
    it; either may be broadcast, and either may be the first."""
    name = draw(st.sampled_from(names))
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    shape = (*shape[:-1], shape[-1] * draw(st.sampled_from([1, 1, 3])))
    kind = "constant" if constant else draw(st.sampled_from(["constant", "made", "itself"]))
    other: Any = None
    if kind == "constant":
        thinned = tuple(draw(st.sampled_from([1, size])) for size in shape)
        shorter = thinned[draw(st.integers(0, len(shape))) :]
        narrow = st.sampled_from([(shape, shape), (shape, shorter), (thinned, shape)])
        shape, second = draw(narrow.filter(lambda pair: name != "PRELU" or pair[0] == shape))
        other = draw(weights(*second))
    elif kind == "made":
        other = tuple(draw(st.sets(st.integers(0, len(shape) - 1))))
    extreme = st.sampled_from([1e-3, 2.0])
    first, second_scale = draw(scales() | extreme), draw(scales() | extreme)
    zero_points = draw(ZERO_POINTS), draw(ZERO_POINTS), draw(ZERO_POINTS)
    product = first * second_scale if name in ("MUL", "SQUARED_DIFFERENCE") else first
    output = draw(scales() | scales(1e-3, 1e3).map(lambda part: float(np.float32(product * part))))
    if kind == "itself":
        second_scale = first
    return build.binary_model(
        name,
        shape,
        other,
        other_first=name != "PRELU" and draw(st.booleans()),
        activation=draw(ACTIVATIONS) if name in FUSING else None,
        scales=(first, second_scale, output),
        zero_points=zero_points,
    )


@st.composite
def pads(draw: st.DrawFn) -> bytes:
    axis = st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 3))
    axes = draw(st.lists(axis, min_size=1, max_size=4))
    return build.pad_model(
        tuple(size for size, _, _ in axes),
        [(before, after) for _, before, after in axes],
        zero_point=draw(ZERO_POINTS),
        value=draw(st.one_of(st.none(), st.integers(-128, 127))),
    )


@st.composite
def softmaxes(draw: st.DrawFn) -> bytes:
    """Rows of 300 at most: TFLM aborts where 512 values are equal to the maximum."""
    leading = draw(st.lists(st.integers(1, 4), max_size=2))
    return build.softmax_model(
        (*leading, draw(st.integers(1, 300))),
        beta=draw(st.sampled_from([0.25, 1.0, 3.0])),
        input_scale=draw(scales(1e-4, 30.0)),
        input_zero_point=draw(ZERO_POINTS),
    )


@st.composite
def concatenations(draw: st.DrawFn) -> bytes:
    """Of the input, of longer tensors made of it, and of constants, along any axis."""
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    rng = np.random.default_rng(draw(SEEDS))
    part = st.one_of(st.none(), st.integers(0, 3), st.just("constant"))
    parts: list[Any] = draw(st.lists(part, min_size=1, max_size=10))
    assume(set(parts) != {"constant"})
    constant = rng.integers(-128, 128, shape, dtype=np.int8)
    return build.concatenation_model(
        shape,
        [constant if part == "constant" else part for part in parts],
        axis,
        zero_point=draw(ZERO_POINTS),
    )


@st.composite
def saturating(draw: st.DrawFn) -> bytes:
    """LOGISTIC or TANH: scales from those that leave all outputs near the middle to those that know
    only three."""
    return build.fixed_output_model(
        draw(st.sampled_from(["LOGISTIC", "TANH"])),
        tuple(draw(st.lists(st.integers(1, 5), max_size=4))),
        input_scale=draw(scales(1e-7, 1e6)),
        input_zero_point=draw(ZERO_POINTS),
    )


@st.composite
def log_softmaxes(draw: st.DrawFn) -> bytes:
    leading = draw(st.lists(st.integers(1, 4), max_size=2))
    return build.fixed_output_model(
        "LOG_SOFTMAX",
        (*leading, draw(st.integers(1, 9) | st.integers(1, 4095))),
        input_scale=draw(scales(1e-6, 100.0)),
        input_zero_point=draw(ZERO_POINTS),
    )


@st.composite
def l2_normalizations(draw: st.DrawFn) -> bytes:
    leading = draw(st.lists(st.integers(1, 4), max_size=3))
    return build.fixed_output_model(
        "L2_NORMALIZATION",
        (*leading, draw(st.integers(1, 9) | st.integers(1, 33025))),
        input_scale=draw(scales()),
        input_zero_point=draw(ZERO_POINTS),
    )


@st.composite
def activations(draw: st.DrawFn) -> bytes:
    """The operators of one input whose scales are free, of every value."""
    name = draw(st.sampled_from(["LEAKY_RELU", "HARD_SWISH", "ABS", "RSQRT", "ELU"]))
    source = draw(scales(1e-4, 1e3))
    ratio = draw(scales(1e-6, 1e3) | st.just(1.0))
    options = {"alpha": draw(st.floats(0, 2, width=32))} if name == "LEAKY_RELU" else {}
    return build.unary_model(
        name,
        (256,),
        (256,),
        options,
        input_scale=source,
        input_zero_point=-128 if name == "RSQRT" else draw(ZERO_POINTS),
        output_scale=float(np.float32(source / ratio)),
        output_zero_point=draw(ZERO_POINTS),
    )


@st.composite
def elementwise(draw: st.DrawFn) -> bytes:
    shape = tuple(draw(st.lists(st.integers(1, 5), max_size=4)))
    # So many that a table pays.
    shape = draw(st.sampled_from([shape, (1025,)]))
    return build.unary_model(
        draw(st.sampled_from(["RELU", "RELU6", "QUANTIZE"])),
        shape,
        shape,
        input_scale=draw(scales()),
        output_scale=draw(scales()),
        input_zero_point=draw(ZERO_POINTS),
        output_zero_point=draw(ZERO_POINTS),
    )
