"""Models of one operator, drawn by chance, with shapes and scales as networks have them."""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers import tflite_builder as models
from helpers.one_op_nets import int8, int32, one_op
from numpy.typing import NDArray

MOST_MACS = 400_000

Random = np.random.Generator


def size(random: Random, least: int, most: int) -> int:
    """Small ones as often as large ones."""
    return round(float(np.exp(random.uniform(np.log(least), np.log(most)))))


def channels(random: Random, most: int = 128) -> int:
    """Mostly of whole groups, as networks have them."""
    whole = size(random, 1, most // 4) * 4
    return whole if random.random() < 0.8 else size(random, 2, most)


def weights(random: Random, *shape: int) -> NDArray[np.int8]:
    return np.clip(np.round(random.normal(0, 30, shape)), -127, 127).astype(np.int8)


def quantized(random: Random, taps: int, out: int = 1) -> dict[str, Any]:
    """A layer with an activation, as most are, or without; `out` channels with scales of their
    own."""
    relu = random.random() < 0.8
    return {
        "weight_scales": [float(0.01 * random.uniform(0.6, 1.6)) for _ in range(out)],
        "activation": "RELU" if relu else "NONE",
        "input_zero_point": -128 if random.random() < 0.7 else int(random.integers(-20, 20)),
        "output_zero_point": -128 if relu else int(random.integers(-20, 20)),
        "output_scale": float(0.05 * 0.01 * 30 * np.sqrt(taps) * random.uniform(0.8, 1.6)),
    }


def windowed(random: Random, taps: int, stride: int, depth: int, out: int) -> bytes:
    most = max(taps, int(np.sqrt(MOST_MACS / (taps * taps * depth * out)) * stride))
    image = min(size(random, max(taps, 3), 96), most)
    return models.conv_model(
        (1, image, max(taps, image - int(random.integers(0, 3))), depth),
        weights(random, out, taps, taps, depth),
        random.integers(-500, 500, out).astype(np.int32),
        stride=(stride, stride),
        padding="SAME" if random.random() < 0.8 else "VALID",
        **quantized(random, taps * taps * depth, out),
    )


def convolution(random: Random) -> bytes:
    taps = int(random.choice([2, 3, 3, 3, 5, 7]))
    return windowed(
        random, taps, int(random.integers(1, 3)), channels(random, 48), channels(random, 64)
    )


def pointwise(random: Random) -> bytes:
    return windowed(random, 1, 1, channels(random, 256), channels(random, 256))


def first(random: Random) -> bytes:
    return windowed(random, 3, 2, int(random.choice([1, 3])), size(random, 1, 8) * 4)


def first_of_stride_1(random: Random) -> bytes:
    return windowed(
        random, int(random.choice([3, 3, 5])), 1, int(random.choice([1, 3])), channels(random, 32)
    )


def spread(random: Random) -> bytes:
    """One channel, several kernels for it."""
    out, image = size(random, 2, 64), size(random, 6, 48)
    taps = int(random.choice([3, 3, 5])), int(random.choice([3, 3, 4]))
    return models.depthwise_model(
        (1, image, image, 1),
        weights(random, 1, *taps, out),
        random.integers(-500, 500, out).astype(np.int32),
        stride=(2, 2) if random.random() < 0.7 else (1, 1),
        **quantized(random, 9, out),
    )


def depthwise(random: Random, stride: int, *, multiplier: int = 1, odd: bool = False) -> bytes:
    depth = channels(random)
    taps = int(random.choice([2, 4, 5, 7])) if odd else 3
    most = max(taps + 1, int(np.sqrt(MOST_MACS / (taps * taps * depth * multiplier)) * stride))
    image = min(size(random, taps, 96), most)
    out = depth * multiplier
    return models.depthwise_model(
        (1, image, max(taps, image - int(random.integers(0, 3))), depth),
        weights(random, 1, taps, taps, out),
        random.integers(-500, 500, out).astype(np.int32),
        stride=(stride, stride),
        padding="SAME" if random.random() < 0.8 else "VALID",
        **quantized(random, taps * taps, out),
    )


def depthwise_1(random: Random) -> bytes:
    return depthwise(random, 1)


def depthwise_2(random: Random) -> bytes:
    return depthwise(random, 2)


def depthwise_odd(random: Random) -> bytes:
    return depthwise(random, int(random.integers(1, 3)), odd=True)


def depthwise_times(random: Random) -> bytes:
    return depthwise(random, int(random.integers(1, 3)), multiplier=int(random.choice([2, 4, 8])))


def few_pixels(random: Random) -> bytes:
    """Windows over all of an image, or nearly."""
    depth, taps = channels(random), int(random.choice([2, 3, 3, 4, 5, 7]))
    image = taps + int(random.integers(0, 2))
    return models.depthwise_model(
        (1, image, image, depth),
        weights(random, 1, taps, taps, depth),
        random.integers(-500, 500, depth).astype(np.int32),
        stride=(int(random.integers(1, 3)),) * 2,
        padding="SAME" if taps < 4 and random.random() < 0.3 else "VALID",
        **quantized(random, taps * taps, depth),
    )


def samples_over_time(random: Random) -> bytes:
    """An image of one column."""
    depth, taps = channels(random), size(random, 2, 16)
    return models.depthwise_model(
        (1, taps + size(random, 1, 100), 1, depth),
        weights(random, 1, taps, 1, depth),
        random.integers(-500, 500, depth).astype(np.int32),
        padding="SAME" if random.random() < 0.5 else "VALID",
        **quantized(random, taps, depth),
    )


def dense(random: Random) -> bytes:
    depth, out = channels(random, 1024), size(random, 2, 128)
    return models.fully_connected_model(
        (int(random.choice([1, 1, 1, 2, 6])), depth),
        weights(random, out, depth),
        random.integers(-500, 500, out).astype(np.int32),
        **quantized(random, depth, int(random.choice([1, out]))),
    )


def long_rows(random: Random) -> bytes:
    """Rows whose sums no packed weights hold, as behind the flattening of an image."""
    depth = size(random, 1_100, 8_000)
    out = size(random, 3, max(4, MOST_MACS // depth))
    return models.fully_connected_model(
        (1, depth),
        random.integers(-127, 128, (out, depth), dtype=np.int8),
        random.integers(-500, 500, out).astype(np.int32),
        **quantized(random, depth),
    )


def two_channels(random: Random) -> bytes:
    depth = size(random, 32, 512) * 4
    return models.fully_connected_model(
        (int(random.integers(1, 3)), depth),
        weights(random, 2, depth),
        random.integers(-500, 500, 2).astype(np.int32),
        **quantized(random, depth),
    )


def lone_channel(random: Random) -> bytes:
    return windowed(random, 1, 1, channels(random, 256), 1)


def image(random: Random, elements: int = 30_000) -> tuple[int, int, int, int]:
    depth = channels(random)
    side = max(2, min(size(random, 2, 64), int(np.sqrt(elements / depth))))
    return 1, side, side, depth


def few_channels(shape: tuple[int, ...], random: Random) -> tuple[int, int, int, int]:
    """Sometimes one to three of them."""
    _, height, width, depth = shape
    return 1, height, width, int(random.integers(1, 4)) if random.random() < 0.3 else depth


def pool(random: Random) -> bytes:
    shape = few_channels(image(random), random)
    taps = min(int(random.choice([2, 2, 3, shape[1]])), shape[1])
    stride = min(taps, int(random.choice([1, 2, 2])))
    return models.pool_model(
        str(random.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])),
        shape,
        filter_size=(taps, taps),
        stride=(stride, stride),
        padding=str(random.choice(["SAME", "VALID"])),
    )


def pool_to_one_pixel(random: Random) -> bytes:
    side = int(random.integers(2, 15)), int(random.integers(2, 15))
    shape = (1, *side, channels(random, 512))
    return models.pool_model("AVERAGE_POOL_2D", shape, filter_size=side, stride=side)


def mean(random: Random) -> bytes:
    axes = [[1, 2], [1, 2], [2], [3]][int(random.integers(4))]
    shape = image(random)
    shape = shape if axes == [3] else few_channels(shape, random)
    return models.reduction_model(str(random.choice(["MEAN", "REDUCE_MAX"])), shape, axes)


def binary(random: Random, *names: str) -> bytes:
    """Of two images, or of an image and a value per channel, constant or not."""
    name, shape = str(random.choice(names)), image(random, 8_000)
    others: list[Any] = [(), (), (1, 2), (3,), weights(random, shape[3])]
    other = others[int(random.integers(len(others)))]
    first, second = float(random.uniform(0.03, 0.2)), float(random.uniform(0.03, 0.2))
    made = max(first, second) * float(random.uniform(1.0, 1.5))
    if name == "SQUARED_DIFFERENCE":
        made *= 100 * max(first, second)
    elif name == "MUL" and random.random() < 0.4:
        made = first * second * float(random.uniform(0.2, 1.5))
    elif name == "PRELU":
        second, made = second / 127, first * float(random.uniform(0.7, 1.5))
    return models.binary_model(
        name,
        shape,
        other,
        activation="NONE" if name in ("ADD", "SUB", "MUL") else None,
        scales=(first, second, made),
        zero_points=(-128, int(random.integers(-20, 20)), int(random.integers(-20, 20))),
    )


def sums(random: Random) -> bytes:
    return binary(random, "ADD", "ADD", "SUB")


def products(random: Random) -> bytes:
    return binary(random, "MUL")


def others_of_two(random: Random) -> bytes:
    return binary(random, "MAXIMUM", "PRELU", "SQUARED_DIFFERENCE")


def rows(random: Random) -> bytes:
    shape = (int(random.choice([1, 1, 1, 4])), size(random, 2, 1001))
    return models.softmax_model(shape, input_scale=float(random.uniform(0.05, 0.3)))


def other_rows(random: Random) -> bytes:
    shape = (int(random.choice([1, 1, 1, 4])), size(random, 2, 1001))
    return models.fixed_output_model(str(random.choice(["LOG_SOFTMAX", "L2_NORMALIZATION"])), shape)


def table(random: Random) -> bytes:
    shape = image(random)
    if random.random() < 0.5:
        return models.logistic_model(shape)
    return models.unary_model("QUANTIZE", shape, shape, output_scale=0.07)


def padded(random: Random) -> bytes:
    edge = int(random.integers(1, 4))
    shape = few_channels(image(random), random)
    return models.pad_model(shape, [(0, 0), (edge, edge), (edge, edge), (0, 0)])


def moved(random: Random) -> bytes:
    shape = few_channels(image(random), random)
    way = random.random()
    if way < 0.4:
        return models.concatenation_model(shape, [None, 2], 3)
    if way < 0.55:
        places = random.integers(0, shape[3], size(random, 2, 32))
        return one_op(
            "GATHER", [int8(*shape), int32(places)], int8(*shape[:3], len(places)), axis=3
        )
    order = [0, 2, 1, 3] if shape[3] == 1 or random.random() < 0.5 else [0, 3, 1, 2]
    return one_op("TRANSPOSE", [int8(*shape), int32(order)], int8(*(shape[at] for at in order)))


def resized(random: Random) -> bytes:
    shape = few_channels(image(random, 4_000), random)
    larger = [2 * shape[1], 2 * shape[2]]
    name = str(random.choice(["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"]))
    return one_op(name, [int8(*shape), int32(larger)], int8(1, *larger, shape[3]))


DRAWN = (
    *((convolution, 3), (pointwise, 3), (first, 2), (first_of_stride_1, 2), (spread, 1)),
    *((depthwise_1, 3), (depthwise_2, 2), (depthwise_odd, 3), (depthwise_times, 2), (dense, 2)),
    *(
        (few_pixels, 2),
        (samples_over_time, 3),
        (long_rows, 1),
        (lone_channel, 1),
        (two_channels, 1),
    ),
    *(
        (pool, 6),
        (pool_to_one_pixel, 2),
        (mean, 6),
        (sums, 4),
        (products, 3),
        (others_of_two, 6),
        (rows, 1),
    ),
    *((other_rows, 2), (table, 1), (padded, 2), (moved, 6), (resized, 3)),
)
"""Functions that draw a model of one operator, and how many shares of all models they draw."""

PORTABLE = ((convolution, 1), (depthwise_odd, 1), (dense, 1), (pointwise, 1))
"""The same, by portable kernels: for works that no faster kernel takes."""


def pair(random: Random) -> bytes:
    """A pointwise and a depthwise convolution, which one kernel may compute."""
    depth, out, stride = channels(random), size(random, 2, 64) * 2, int(random.integers(1, 3))
    side = min(size(random, 1, 16) * 4, max(4, int(np.sqrt(MOST_MACS / (depth * out))) // 4 * 4))
    made = -(-side // stride)
    options: dict[str, Any] = {"padding": "SAME", "fused_activation_function": "RELU"}
    options |= {"dilation_h_factor": 1, "dilation_w_factor": 1}
    scale = [0.01] * out
    tensors = [
        models.T("a0", (1, side, side, depth), scale=0.05, zero_point=-128),
        models.T("a1", (1, side, side, out), scale=0.1, zero_point=-128),
        models.T("a2", (1, made, made, out), scale=0.1, zero_point=-128),
        models.T("w0", (out, 1, 1, depth), scale=scale, data=weights(random, out, 1, 1, depth)),
        models.T("w1", (1, 3, 3, out), scale=scale, axis=3, data=weights(random, 1, 3, 3, out)),
    ]
    strides = {"stride_h": stride, "stride_w": stride, "depth_multiplier": 1}
    ops = [
        models.O("CONV_2D", (0, 3), (1,), {**options, "stride_h": 1, "stride_w": 1}),
        models.O("DEPTHWISE_CONV_2D", (1, 4), (2,), {**options, **strides}),
    ]
    return models.build_model(tensors, ops, [0], [2])
