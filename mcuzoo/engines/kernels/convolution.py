"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.kernels.kernel import Kernel, exact_float, given, multiply, requantize
from mcuzoo.engines.kernels.taps import bordered, under_tap
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import quantization_of, weighted_requantization
from mcuzoo.graph.window import Window, window_of

# Values gathered at a time, so that memory stays bounded for large images.
GATHER_LIMIT = 1 << 21


def convolution(model: Model, op: Op) -> Kernel:
    """As a product of matrices: what the window sees, pixel by pixel, times the weights."""
    source, weights = (model.tensor(index) for index in op.inputs[:2])
    assert weights.data is not None
    channels, height, width, depth = weights.shape
    window = window_of(op, (source.shape[1], source.shape[2]), (height, width))
    bias = bias_of(model, op, channels)
    dtype = exact_float(weights.data.reshape(channels, -1), bias)
    matrix = weights.data.reshape(channels, -1).T.astype(dtype, order="C")
    offsets = bias.astype(dtype)
    to = weighted_requantization(model, op)
    zero_point = quantization_of(source).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        seen = bordered(given(inputs, 0)[0], zero_point, window, dtype)
        output = np.empty((window.output_height, window.output_width, channels), np.int8)
        for first, rows in _patches(seen, window):
            sums = multiply(rows.reshape(-1, height * width * depth), matrix)
            sums += offsets
            output[first : first + len(rows)] = requantize(sums, to).reshape(
                len(rows), window.output_width, channels
            )
        return output[None]

    return run


def _patches(seen: NDArray[Any], window: Window) -> Iterator[tuple[int, NDArray[Any]]]:
    """Rows of windows: the first one's index and (rows, columns, height, width, depth)."""
    taps = window.height * window.width
    step = max(1, GATHER_LIMIT // (window.output_width * taps * seen.shape[2]))
    for first in range(0, window.output_height, step):
        last = min(first + step, window.output_height)
        if taps == 1:
            yield first, under_tap(seen, window, 0, 0)[first:last, :, None, None]
            continue
        block = np.empty(
            (last - first, window.output_width, window.height, window.width, seen.shape[2]),
            dtype=seen.dtype,
        )
        for y in range(window.height):
            for x in range(window.width):
                block[:, :, y, x] = under_tap(seen, window, y, x)[first:last]
        yield first, block


def depthwise(model: Model, op: Op) -> Kernel:
    """Tap by tap; every input channel feeds `depth_multiplier` neighbouring output channels."""
    source, weights = (model.tensor(index) for index in op.inputs[:2])
    assert weights.data is not None
    _, height, width, channels = weights.shape
    window = window_of(op, (source.shape[1], source.shape[2]), (height, width))
    bias = bias_of(model, op, channels)
    dtype = exact_float(weights.data.reshape(-1, channels).T, bias)
    filters = weights.data[0].astype(dtype)
    offsets = bias.astype(dtype)
    to = weighted_requantization(model, op)
    zero_point = quantization_of(source).zero_point
    multiplier = channels // source.shape[3]

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        seen = bordered(given(inputs, 0)[0], zero_point, window, dtype)
        if multiplier > 1:
            seen = np.repeat(seen, multiplier, axis=2)
        sums = np.empty((window.output_height, window.output_width, channels), dtype=dtype)
        sums[:] = offsets
        product = np.empty_like(sums)
        for y in range(height):
            for x in range(width):
                np.multiply(under_tap(seen, window, y, x), filters[y, x], out=product)
                sums += product
        return requantize(sums, to)[None]

    return run


def bias_of(model: Model, op: Op, channels: int) -> NDArray[np.int64]:
    """int64 (channels,); zeros where the op has none."""
    if len(op.inputs) < 3 or op.inputs[2] == -1:
        return np.zeros(channels, dtype=np.int64)
    data = model.tensor(op.inputs[2]).data
    assert data is not None
    return data.reshape(-1).astype(np.int64)
