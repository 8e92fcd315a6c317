"""Sums of products, maxima and averages over windows of a feature map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mcuzoo.npu.operations import BlockOperation, Kernel, Rounding, Upscale

_FLOAT32_EXACT = 2**24
_FLOAT64_EXACT = 2**53
_MOST_TAPS = 64
_MOST_ELEMENTS = 2**24


def upscaled(values: NDArray[Any], operation: BlockOperation) -> NDArray[Any]:
    """The input as the window moves over it; values: (height, width, depth), less zero point."""
    if operation.upscale is Upscale.NONE:
        return values
    kernel, ofm = operation.kernel, operation.ofm
    rows = _reach(ofm.height, kernel.stride_y, kernel.height, kernel.dilation_y)
    columns = _reach(ofm.width, kernel.stride_x, kernel.width, kernel.dilation_x)
    rows -= kernel.top + kernel.bottom
    columns -= kernel.left + kernel.right
    height, width, depth = values.shape
    twice: NDArray[Any]
    if operation.upscale is Upscale.NEAREST:
        twice = values.repeat(2, 0).repeat(2, 1)
    else:
        twice = np.zeros((2 * height, 2 * width, depth), values.dtype)
        twice[::2, ::2] = values
    return twice[:rows, :columns]


def _reach(outputs: int, stride: int, taps: int, dilation: int) -> int:
    return (outputs - 1) * stride + (taps - 1) * dilation + 1


@dataclass(frozen=True)
class Weights:
    """Weights as matrices are multiplied with them.

    values: float (output channels, height, width, input channels), or (channels, height, width, 1)
    if depthwise. largest: the largest sum of magnitudes that goes to one output.
    """

    values: NDArray[Any]
    largest: int
    depthwise: bool

    @classmethod
    def of(cls, values: NDArray[np.int16], depthwise: bool) -> Weights:
        largest = int(np.abs(values.astype(np.int64)).sum((1, 2, 3)).max(initial=0))
        dtype = np.float32 if largest * 256 < _FLOAT32_EXACT else np.float64
        return cls(np.ascontiguousarray(values.astype(dtype)), largest, depthwise)


def sums(
    values: NDArray[np.int64], weights: Weights, kernel: Kernel, shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Exact sums of products, (height, width, output channels).

    values: the input less its zero point, (height, width, depth). shape: of the output.
    """
    largest = int(np.abs(values).max(initial=0)) * max(weights.largest, 1)
    floats = weights.values.dtype
    if floats == np.float32 and largest >= _FLOAT32_EXACT:
        floats = np.dtype(np.float64)
    if largest >= _FLOAT64_EXACT:
        floats = np.dtype(np.int64)
    image = _padded(values.astype(floats), kernel, 0)
    taps = weights.values.astype(floats, copy=False)
    made = (
        _depthwise(image, taps, kernel, shape)
        if weights.depthwise
        else _full(image, taps, kernel, shape)
    )
    return made.astype(np.int64)


def _full(
    image: NDArray[Any], taps: NDArray[Any], kernel: Kernel, shape: tuple[int, int]
) -> NDArray[Any]:
    outputs, height, width, depth = taps.shape
    pixels = shape[0] * shape[1]
    if pixels * height * width * depth <= _MOST_ELEMENTS:
        gathered = np.empty((pixels, height * width, depth), image.dtype)
        for place, window in enumerate(_windows(image, kernel, shape)):
            gathered[:, place] = window.reshape(pixels, depth)
        flat: NDArray[Any] = gathered.reshape(pixels, -1) @ taps.reshape(outputs, -1).T
        return flat.reshape(*shape, outputs)
    total = np.zeros((pixels, outputs), image.dtype)
    for place, window in enumerate(_windows(image, kernel, shape)):
        total += window.reshape(pixels, depth) @ taps[:, place // width, place % width].T
    return total.reshape(*shape, outputs)


def _depthwise(
    image: NDArray[Any], taps: NDArray[Any], kernel: Kernel, shape: tuple[int, int]
) -> NDArray[Any]:
    depth, height, width, _ = taps.shape
    if height * width > _MOST_TAPS:
        view = _view(image, kernel, shape)
        made: NDArray[Any] = np.einsum("yxcij,cij->yxc", view, taps[..., 0])
        return made
    total = np.zeros((*shape, depth), image.dtype)
    for place, window in enumerate(_windows(image, kernel, shape)):
        total += window * taps[:, place // width, place % width, 0]
    return total


def maxima(values: NDArray[np.int64], kernel: Kernel, shape: tuple[int, int]) -> NDArray[np.int64]:
    """(height, width, depth); what is padded counts for nothing."""
    lowest = int(np.iinfo(np.int64).min)
    return _reduced(_padded(values, kernel, lowest), kernel, shape, np.maximum)


def totals(values: NDArray[np.int64], kernel: Kernel, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Sums over each window, (height, width, depth); what is padded is 0."""
    return _reduced(_padded(values, kernel, 0), kernel, shape, np.add)


def averages(
    values: NDArray[np.int64], kernel: Kernel, shape: tuple[int, int], rounding: Rounding
) -> NDArray[np.int64]:
    """Sums divided by how many pixels of a window are no padding, halves away from zero.

    FITTED_PADDED_AVERAGE: NATURAL takes halves up, and TFLite takes those of an average away from
    zero; Vela 5 sets NATURAL here. Where Vela itself writes the reciprocal of a window's size, it
    makes it a little too large, so that NATURAL does as TFLite: the NPU may do the same.
    """
    total = totals(values, kernel, shape)
    ones = np.ones((*values.shape[:2], 1), np.int64)
    count = np.maximum(totals(ones, kernel, shape), 1)
    half = 0 if rounding is Rounding.TRUNCATE else count // 2
    divided: NDArray[np.int64] = np.sign(total) * ((np.abs(total) + half) // count)
    return divided


def _reduced(
    image: NDArray[np.int64], kernel: Kernel, shape: tuple[int, int], by: np.ufunc
) -> NDArray[np.int64]:
    if kernel.height * kernel.width > _MOST_TAPS:
        made: NDArray[np.int64] = by.reduce(_view(image, kernel, shape), axis=(3, 4))
        return made
    total: NDArray[np.int64] | None = None
    combine: Callable[..., NDArray[np.int64]] = by
    for window in _windows(image, kernel, shape):
        total = window.copy() if total is None else combine(total, window, out=total)
    assert total is not None
    return total


def _padded(values: NDArray[Any], kernel: Kernel, fill: int) -> NDArray[Any]:
    if not (kernel.top or kernel.bottom or kernel.left or kernel.right):
        return values
    height, width, depth = values.shape
    shape = (
        height + kernel.top + kernel.bottom,
        width + kernel.left + kernel.right,
        depth,
    )
    image = np.full(shape, fill, values.dtype)
    image[kernel.top : kernel.top + height, kernel.left : kernel.left + width] = values
    return image


def _windows(image: NDArray[Any], kernel: Kernel, shape: tuple[int, int]) -> Iterator[NDArray[Any]]:
    """What each tap sees, row by row of the kernel: (height, width, depth) of the output."""
    for tap_y in range(kernel.height):
        top = tap_y * kernel.dilation_y
        rows = slice(top, top + (shape[0] - 1) * kernel.stride_y + 1, kernel.stride_y)
        for tap_x in range(kernel.width):
            left = tap_x * kernel.dilation_x
            columns = slice(left, left + (shape[1] - 1) * kernel.stride_x + 1, kernel.stride_x)
            yield image[rows, columns]


def _view(image: NDArray[Any], kernel: Kernel, shape: tuple[int, int]) -> NDArray[Any]:
    """All windows, (height, width, depth, taps down, taps across), without copying."""
    size = (
        (kernel.height - 1) * kernel.dilation_y + 1,
        (kernel.width - 1) * kernel.dilation_x + 1,
    )
    view = sliding_window_view(image, size, axis=(0, 1))
    view = view[:: kernel.stride_y, :: kernel.stride_x]
    return view[: shape[0], : shape[1], :, :: kernel.dilation_y, :: kernel.dilation_x]
