"""What the kernels share: their type and the way from accumulators to int8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.fixedpoint import multiply_by_quantized_multiplier, wrap_int32
from mcuzoo.graph.parameters import Requantization

# The op's inputs in order (constants too, None where omitted), each in its tensor's shape;
# returns the output in its tensor's shape.
Kernel = Callable[[Sequence[NDArray[Any] | None]], NDArray[np.int8]]


BLOCK_PRODUCTS = 1 << 18


def requantize(accumulators: NDArray[Any], to: Requantization) -> NDArray[np.int8]:
    """Scale, shift to the zero point and clamp; per channel along the last dimension.

    `accumulators` hold integers in any dtype; they wrap to int32 first, as TFLM's do.
    """
    scaled = multiply_by_quantized_multiplier(wrap_int32(accumulators), to.multipliers, to.shifts)
    return np.clip(scaled + to.output_zero_point, to.minimum, to.maximum).astype(np.int8)


def product_matrix(weights: NDArray[np.int8]) -> NDArray[Any]:
    """Weights (channels, depth) as a (depth, channels) matrix of floats that multiplies exactly.

    An input less its zero point is below 256 in magnitude, so 256 * sum(|weights|) bounds every
    partial sum: float32 holds it exactly below 2**24, float64 below 2**53.
    """
    bound = 256 * int(np.abs(weights.astype(np.int64)).sum(axis=1).max())
    dtype = np.dtype(np.float32 if bound < 1 << 24 else np.float64)
    matrix: NDArray[Any] = weights.T.astype(dtype, order="C")
    return matrix


def multiply(rows: NDArray[Any], matrix: NDArray[Any]) -> NDArray[np.int64]:
    """int64 (rows, channels): integers (rows, depth) times a `product_matrix`.

    In blocks small enough that OpenBLAS stays on one thread: its threads spin while they wait,
    which costs far more than they gain when the cores are shared with an emulator.
    """
    depth, channels = matrix.shape
    floats = rows.astype(matrix.dtype)
    product = np.empty((len(rows), channels), dtype=np.int64)
    columns = max(1, min(channels, BLOCK_PRODUCTS // depth))
    lines = max(1, BLOCK_PRODUCTS // (depth * columns))
    for left in range(0, channels, columns):
        for top in range(0, len(rows), lines):
            block = np.s_[top : top + lines, left : left + columns]
            product[block] = floats[top : top + lines] @ matrix[:, left : left + columns]
    return product


def given(inputs: Sequence[NDArray[Any] | None], place: int) -> NDArray[Any]:
    """An input that the op cannot do without."""
    value = inputs[place]
    assert value is not None
    return value
