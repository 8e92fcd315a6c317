"""What a sliding window sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.window import Window


def bordered(
    image: NDArray[np.int8], zero_point: int, window: Window, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """(height, width, channels) that all windows lie within: values less the zero point, 0 beyond.

    Cut to what the windows see, so that window (y, x) begins at (y * stride_h, x * stride_w).
    """
    height = _reach(window.output_height, window.stride_h, window.height, window.dilation_h)
    width = _reach(window.output_width, window.stride_w, window.width, window.dilation_w)
    seen = np.zeros((height, width, image.shape[2]), dtype=dtype)
    top, left = window.pad_top, window.pad_left
    inside = image[: height - top, : width - left]
    target = seen[top : top + inside.shape[0], left : left + inside.shape[1]]
    np.subtract(inside, dtype.type(zero_point), out=target, casting="unsafe", dtype=dtype)
    return seen


def _reach(windows: int, stride: int, taps: int, dilation: int) -> int:
    return (windows - 1) * stride + (taps - 1) * dilation + 1


def under_tap(seen: NDArray[Any], window: Window, y: int, x: int) -> NDArray[Any]:
    """(output_height, output_width, channels): what lies under tap (y, x) of each window."""
    top, left = y * window.dilation_h, x * window.dilation_w
    bottom = top + (window.output_height - 1) * window.stride_h + 1
    right = left + (window.output_width - 1) * window.stride_w + 1
    return seen[top : bottom : window.stride_h, left : right : window.stride_w]


def extents(size: int, windows: int, taps: int, stride: int, pad: int) -> Iterator[tuple[int, int]]:
    """[first, end) of the pixels that each pooling window covers inside the image."""
    for index in range(windows):
        start = index * stride - pad
        yield max(start, 0), min(start + taps, size)
