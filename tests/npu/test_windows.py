"""Windows over feature maps beside plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mcuzoo.npu.operations import Kernel, Rounding
from mcuzoo.npu.windows import Weights, averages, maxima, sums, totals

PLAIN = Kernel(3, 2, 2, 1, 1, 2, 1, 0, 1, 1, False, False)
"""3 x 2 taps, columns dilated; a row above and below, a column to the right."""

LARGE = Kernel(9, 9, 1, 1, 1, 1, 0, 0, 0, 0, False, False)


def image(kernel: Kernel, shape: tuple[int, int], depth: int = 5) -> NDArray[np.int64]:
    rows = (shape[0] - 1) * kernel.stride_y + (kernel.height - 1) * kernel.dilation_y + 1
    columns = (shape[1] - 1) * kernel.stride_x + (kernel.width - 1) * kernel.dilation_x + 1
    size = rows - kernel.top - kernel.bottom, columns - kernel.left - kernel.right, depth
    return np.random.default_rng(1).integers(-255, 256, size)


def seen(
    values: NDArray[np.int64], kernel: Kernel, y: int, x: int
) -> list[tuple[int, int, NDArray[np.int64]]]:
    """The taps of a window that lie in the image, and their pixels."""
    found = []
    for tap_y in range(kernel.height):
        for tap_x in range(kernel.width):
            row = y * kernel.stride_y + tap_y * kernel.dilation_y - kernel.top
            column = x * kernel.stride_x + tap_x * kernel.dilation_x - kernel.left
            if 0 <= row < values.shape[0] and 0 <= column < values.shape[1]:
                found.append((tap_y, tap_x, values[row, column]))
    return found


@pytest.mark.parametrize("kernel", [PLAIN, LARGE])
@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("large", [1, 2000])
def test_sums_of_products_are_exact(kernel: Kernel, depthwise: bool, large: int) -> None:
    shape = 3, 4
    values = image(kernel, shape) * large
    size = (5, kernel.height, kernel.width, 1) if depthwise else (7, kernel.height, kernel.width, 5)
    weights = np.random.default_rng(2).integers(-255, 256, size).astype(np.int16)
    found = sums(values, Weights.of(weights, depthwise), kernel, shape)
    for y, x in np.ndindex(shape):
        expected = np.zeros(len(weights), np.int64)
        for tap_y, tap_x, pixel in seen(values, kernel, y, x):
            taps = weights[:, tap_y, tap_x].astype(np.int64)
            expected += taps[:, 0] * pixel if depthwise else taps @ pixel
        assert found[y, x].tolist() == expected.tolist()


@pytest.mark.parametrize("kernel", [PLAIN, LARGE])
def test_maxima_totals_and_averages(kernel: Kernel) -> None:
    shape = 3, 4
    values = image(kernel, shape)
    largest, total = maxima(values, kernel, shape), totals(values, kernel, shape)
    mean = averages(values, kernel, shape, Rounding.TFL)
    for y, x in np.ndindex(shape):
        pixels = np.array([pixel for _, _, pixel in seen(values, kernel, y, x)])
        assert largest[y, x].tolist() == pixels.max(0).tolist()
        assert total[y, x].tolist() == pixels.sum(0).tolist()
        whole, half = np.abs(pixels.sum(0)), len(pixels) // 2
        expected = np.sign(pixels.sum(0)) * ((whole + half) // len(pixels))
        assert mean[y, x].tolist() == expected.tolist()


def test_averages_of_nothing_are_no_crash() -> None:
    outside = replace(PLAIN, top=40)
    assert averages(np.zeros((3, 4, 1), np.int64), outside, (2, 3), Rounding.TFL).shape == (2, 3, 1)
