"""Gather what a sliding window sees, without ever building the padded image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.window import Window


def axis_taps(
    size: int, windows: int, taps: int, stride: int, dilation: int, pad: int
) -> NDArray[np.int64]:
    """int64 (windows, taps): the pixel under each tap; `size` where that is outside the image."""
    starts = np.arange(windows, dtype=np.int64)[:, None] * stride - pad
    pixels = starts + np.arange(taps, dtype=np.int64)[None, :] * dilation
    return np.where((pixels >= 0) & (pixels < size), pixels, size)


def window_taps(
    window: Window, height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows and columns under a window's taps, for an image of height x width."""
    rows = axis_taps(
        height, window.output_height, window.height, window.stride_h, window.dilation_h,
        window.pad_top,
    )  # fmt: skip
    columns = axis_taps(
        width, window.output_width, window.width, window.stride_w, window.dilation_w,
        window.pad_left,
    )  # fmt: skip
    return rows, columns


def with_zero_border(image: NDArray[np.int8], zero_point: int) -> NDArray[np.int32]:
    """int32 (height + 1, width + 1, channels): values less the zero point, 0 beyond the image."""
    centred = image.astype(np.int32) - zero_point
    return np.pad(centred, ((0, 1), (0, 1), (0, 0)))


def extents(size: int, windows: int, taps: int, stride: int, pad: int) -> Iterator[tuple[int, int]]:
    """[first, end) of the pixels that each pooling window covers inside the image."""
    for index in range(windows):
        start = index * stride - pad
        yield max(start, 0), min(start + taps, size)
