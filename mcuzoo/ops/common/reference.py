"""What the operators' NumPy references share: their type, the way from accumulators to int8, and
what a sliding window sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import (
    multiply_by_quantized_multiplier,
    multiply_rounded_once,
    wrap_int32,
)
from mcuzoo.graph.parameters import Requantization
from mcuzoo.graph.window import Window

Kernel = Callable[[Sequence[NDArray[Any] | None]], NDArray[np.int8] | tuple[NDArray[np.int8], ...]]
"""Takes an op's inputs in order (also constants; None for an omitted one). Gives its output, or a
tuple of outputs. Each has its tensor's shape."""

BLOCK_PRODUCTS = 1 << 18
_EXACT_FLOAT32 = 1 << 24
_INT32 = 1 << 31
_FAST_SHIFT = 2


_SLACK = 2.0**-13
"""Error bound of float32 at the ends of the int8 range, with a margin: 512 * 2**-23."""


class Rounding(str, Enum):
    """How often a sum is rounded on its way to int8."""

    TWICE = "twice"  # TFLM: in the high multiply, and in the shift behind it
    ONCE = "once"  # as TFLite with TFLITE_SINGLE_ROUNDING, and NPUs such as the i.MX 8M Plus's


_ROUNDING = ContextVar("_ROUNDING", default=Rounding.TWICE)


@contextmanager
def rounded_by(rule: Rounding) -> Iterator[None]:
    """Within the block, `requantize` rounds by `rule`, in this thread."""
    before = _ROUNDING.set(rule)
    try:
        yield
    finally:
        _ROUNDING.reset(before)


def requantize(accumulators: NDArray[Any], to: Requantization) -> NDArray[np.int8]:
    """Scale, shift to the zero point and clamp; per channel along the last dimension.

    `accumulators` hold integers in any dtype, floats too; they wrap to int32 first, as TFLM's do.

    TFLM rounds twice, first to a multiple of 2**shift (shift < 0) of the result's step. So the
    result is the exact product rounded once, unless that is within half such a multiple of a
    rounding boundary; only there it is computed as TFLM does, or, where `rounded_by` says once,
    exactly.
    """
    if not len(to.shifts) or to.shifts.min() > -_FAST_SHIFT or not _fits_int32(accumulators):
        return _requantized(accumulators, to.multipliers, to.shifts, to)
    # Arithmetic keeps the layout of an operand, and what is assigned below must reach the output.
    accumulators = np.asarray(accumulators, order="C")
    dtype = np.float32 if accumulators.dtype == np.float32 else np.float64
    factors = np.ldexp(to.multipliers.astype(np.float64), to.shifts.astype(np.int64) - 31)
    scaled = accumulators * factors.astype(dtype)
    rounded = np.rint(scaled)
    boundary = 0.5 - _SLACK - np.ldexp(0.5, np.minimum(to.shifts, 0).astype(np.int64))
    np.subtract(scaled, rounded, out=scaled)
    np.abs(scaled, out=scaled)
    unsure = np.flatnonzero(scaled > boundary.astype(dtype))
    rounded += to.output_zero_point
    np.clip(rounded, to.minimum, to.maximum, out=rounded)
    output: NDArray[np.int8] = rounded.astype(np.int8)
    if len(unsure):
        channels = unsure % len(to.multipliers)
        output.reshape(-1)[unsure] = _requantized(
            accumulators.reshape(-1)[unsure], to.multipliers[channels], to.shifts[channels], to
        )
    return output


def _requantized(
    accumulators: NDArray[Any],
    multipliers: NDArray[np.int32],
    shifts: NDArray[np.int32],
    to: Requantization,
) -> NDArray[np.int8]:
    once = _ROUNDING.get() is Rounding.ONCE
    scale = multiply_rounded_once if once else multiply_by_quantized_multiplier
    scaled = scale(wrap_int32(accumulators), multipliers, shifts)
    output: NDArray[np.int8] = np.clip(
        scaled + to.output_zero_point, to.minimum, to.maximum
    ).astype(np.int8)
    return output


def saturated(values: NDArray[Any]) -> NDArray[np.int8]:
    """int8, or the bound that a value is beyond."""
    output: NDArray[np.int8] = np.clip(values, -128, 127).astype(np.int8)
    return output


def _fits_int32(accumulators: NDArray[Any]) -> bool:
    if accumulators.dtype in (np.float32, np.int32):
        return True
    return not accumulators.size or int(np.abs(accumulators).max()) < _INT32


def exact_float(weights: NDArray[np.int8], bias: NDArray[np.int64]) -> np.dtype[Any]:
    """The float type that holds every sum of products with (channels, depth) weights exactly.

    An input less its zero point is below 256 in magnitude, so 256 * sum(|weights|) + |bias| bounds
    every partial sum: float32 holds it exactly below 2**24, float64 below 2**53.
    """
    sums = 256 * np.abs(weights.astype(np.int64)).sum(axis=1) + np.abs(bias)
    return np.dtype(np.float32 if int(sums.max()) < _EXACT_FLOAT32 else np.float64)


def multiply(rows: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """(rows, channels) of the matrix's float type: rows (rows, depth) times (depth, channels).

    In blocks small enough that OpenBLAS stays on one thread: its threads spin while they wait,
    which costs far more than they gain when the cores are shared with an emulator.
    """
    depth, channels = matrix.shape
    product = np.empty((len(rows), channels), dtype=matrix.dtype)
    columns = max(1, min(channels, BLOCK_PRODUCTS // depth))
    lines = max(1, BLOCK_PRODUCTS // (depth * columns))
    for left in range(0, channels, columns):
        for top in range(0, len(rows), lines):
            block = np.s_[top : top + lines, left : left + columns]
            np.matmul(rows[top : top + lines], matrix[:, left : left + columns], out=product[block])
    return product


def given(inputs: Sequence[NDArray[Any] | None], place: int) -> NDArray[Any]:
    """An input that must not be omitted."""
    value = inputs[place]
    assert value is not None
    return value


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
