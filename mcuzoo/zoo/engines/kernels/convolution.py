"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import quantization_of, weighted_requantization
from mcuzoo.graph.window import Window, window_of
from mcuzoo.zoo.engines.kernels.kernel import Kernel, given, multiply, product_matrix, requantize
from mcuzoo.zoo.engines.kernels.taps import window_taps, with_zero_border

# Values gathered at a time, so that memory stays bounded for large images.
GATHER_LIMIT = 1 << 21


def convolution(model: Model, op: Op) -> Kernel:
    """As a product of matrices: what the window sees, pixel by pixel, times the weights."""
    source, weights = (model.tensor(index) for index in op.inputs[:2])
    assert weights.data is not None
    channels, height, width, _ = weights.shape
    window = window_of(op, (source.shape[1], source.shape[2]), (height, width))
    matrix = product_matrix(weights.data.reshape(channels, -1))
    bias = bias_of(model, op, channels)
    to = weighted_requantization(model, op)
    zero_point = quantization_of(source).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        image = given(inputs, 0)[0]
        sums = [multiply(rows, matrix) for rows in _patches(image, zero_point, window)]
        output = requantize(np.concatenate(sums) + bias, to)
        return output.reshape(1, window.output_height, window.output_width, channels)

    return run


def _patches(image: NDArray[np.int8], zero_point: int, window: Window) -> list[NDArray[np.int32]]:
    """int32 (pixels, height * width * depth) blocks of what the window sees, in raster order."""
    height, width, depth = image.shape
    if (window.height, window.width, window.stride_h, window.stride_w) == (1, 1, 1, 1):
        return [image.reshape(-1, depth).astype(np.int32) - zero_point]
    bordered = with_zero_border(image, zero_point)
    rows, columns = window_taps(window, height, width)
    per_row = columns.size * window.height * depth
    step = max(1, GATHER_LIMIT // per_row)
    blocks = []
    for first in range(0, len(rows), step):
        some = rows[first : first + step]
        seen = bordered[some[:, None, :, None], columns[None, :, None, :]]
        blocks.append(seen.reshape(len(some) * len(columns), -1))
    return blocks


def depthwise(model: Model, op: Op) -> Kernel:
    """Tap by tap; every input channel feeds `depth_multiplier` neighbouring output channels."""
    source, weights = (model.tensor(index) for index in op.inputs[:2])
    assert weights.data is not None
    _, height, width, channels = weights.shape
    window = window_of(op, (source.shape[1], source.shape[2]), (height, width))
    filters = weights.data[0].astype(np.int32)
    rows, columns = window_taps(window, source.shape[1], source.shape[2])
    bias = bias_of(model, op, channels)
    to = weighted_requantization(model, op)
    zero_point = quantization_of(source).zero_point
    multiplier = channels // source.shape[3]

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        bordered = with_zero_border(given(inputs, 0)[0], zero_point)
        if multiplier > 1:
            bordered = np.repeat(bordered, multiplier, axis=2)
        sums = np.zeros((window.output_height, window.output_width, channels), dtype=np.int32)
        for y in range(height):
            lines = bordered[rows[:, y]]
            for x in range(width):
                sums += lines[:, columns[:, x]] * filters[y, x]
        return requantize(sums + bias, to)[None]

    return run


def bias_of(model: Model, op: Op, channels: int) -> NDArray[np.int64]:
    """int64 (channels,); zeros where the op has none."""
    if len(op.inputs) < 3 or op.inputs[2] == -1:
        return np.zeros(channels, dtype=np.int64)
    data = model.tensor(op.inputs[2]).data
    assert data is not None
    return data.reshape(-1).astype(np.int64)
