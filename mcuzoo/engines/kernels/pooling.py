"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.kernels.kernel import Kernel, given, requantize
from mcuzoo.engines.kernels.taps import extents
from mcuzoo.graph.fixedpoint import activation_range
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import mean_requantization, quantization_of
from mcuzoo.graph.rules_other import mean_axes
from mcuzoo.graph.window import Window, window_of

Reduce = Callable[[NDArray[Any]], NDArray[Any]]


def average_pool(model: Model, op: Op) -> Kernel:
    """The mean of the pixels inside the image, halves away from zero."""
    window, low, high = _pool(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        image = given(inputs, 0)[0].astype(np.int64)
        sums = _over_windows(image, window, lambda pixels: pixels.sum(axis=0))
        counts = _over_windows(
            np.ones((*image.shape[:2], 1), np.int64), window, lambda pixels: pixels.sum(axis=0)
        )
        means = np.sign(sums) * ((np.abs(sums) + counts // 2) // counts)
        output: NDArray[np.int8] = np.clip(means, low, high).astype(np.int8)[None]
        return output

    return run


def max_pool(model: Model, op: Op) -> Kernel:
    window, low, high = _pool(model, op)

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        image = given(inputs, 0)[0]
        largest = _over_windows(image, window, lambda pixels: pixels.max(axis=0))
        output: NDArray[np.int8] = np.clip(largest, low, high).astype(np.int8)[None]
        return output

    return run


def _pool(model: Model, op: Op) -> tuple[Window, int, int]:
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    taps = int(op.options["filter_height"]), int(op.options["filter_width"])
    window = window_of(op, (source.shape[1], source.shape[2]), taps)
    to = quantization_of(target)
    activation = str(op.options["fused_activation_function"])
    return window, *activation_range(activation, to.scale, to.zero_point)


def _over_windows(image: NDArray[Any], window: Window, reduce: Reduce) -> NDArray[Any]:
    """Reduce (height, width, channels) over every window: first rows, then columns."""
    rows = extents(
        image.shape[0], window.output_height, window.height, window.stride_h, window.pad_top
    )
    by_rows = np.stack([reduce(image[first:end]) for first, end in rows])
    columns = extents(
        image.shape[1], window.output_width, window.width, window.stride_w, window.pad_left
    )
    across = by_rows.swapaxes(0, 1)
    by_columns = np.stack([reduce(across[first:end]) for first, end in columns])
    reduced: NDArray[Any] = by_columns.swapaxes(0, 1)
    return reduced


def mean(model: Model, op: Op) -> Kernel:
    """Sums over the axes, the division by their count folded into the requantization."""
    source, target = model.tensor(op.inputs[0]), model.tensor(op.outputs[0])
    axes = mean_axes(source, model.tensor(op.inputs[1]))
    count = source.elements // target.elements
    to = mean_requantization(model, op, count)
    zero_point = quantization_of(source).zero_point

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        sums = given(inputs, 0).astype(np.int64).sum(axis=axes) - zero_point * count
        return requantize(sums, to).reshape(target.shape)

    return run
