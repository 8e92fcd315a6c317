"""Weights and numbers of a matrix product as the kernels for the DSP extension read them.

See firmware/kernels/mz_packed_s8.h for the arithmetic. Everything here is about rows of
weights: int8 (channels, depth).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.lowering.requantization import StraightLine, straight_line
from mcuzoo.ops.common.weighted import WeightedWork

_ACCUMULATOR_LIMIT = 2**23
"""Sums are 256 times the accumulator, in 32 bits."""


_INT32 = 2**31


@dataclass(frozen=True, eq=False)
class ExactRounding:
    """int32 (channels,): multiplier, offset and shift of the form that rounds as TFLM always.
    multipliers, offsets, shifts: as mz_requantization.h names them."""

    multipliers: NDArray[np.int32]
    offsets: NDArray[np.int32]
    shifts: NDArray[np.int32]


def packable(rows: NDArray[np.int8]) -> bool:
    """Whether 256 * w0 + w1 fits into a halfword for every pair of weights."""
    return rows.shape[1] % 4 == 0 and not len(unpackable(rows))


def unpackable(rows: NDArray[np.int8]) -> NDArray[np.int64]:
    """(n, 2): channel and input of each weight that does not fit beside the next one: -128 before a
    negative one."""
    found = np.argwhere((rows[:, ::2] == -128) & (rows[:, 1::2] < 0))
    return found * (1, 2)


def weight_words(rows: NDArray[np.int8]) -> NDArray[np.int32]:
    """(channels, depth / 4): k..k+3 as halfwords 256 * w[k] + w[k+1] and 256 * w[k+2] + w[k+3]."""
    pairs = 256 * rows[:, ::2].astype(np.int32) + rows[:, 1::2]
    return np.ascontiguousarray(pairs.astype("<i2")).view("<i4").astype(np.int32)


def mixing_correction(rows: NDArray[np.int8]) -> NDArray[np.int64]:
    """(channels,): what the 127 in the mixed activations adds to a sum."""
    sums: NDArray[np.int64] = rows[:, 1::2].astype(np.int64).sum(axis=1)
    return 127 * sums


def reachable(
    rows: NDArray[np.int8], bias: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Least and greatest accumulator, (channels,), over all int8 inputs."""
    positive = np.maximum(rows, 0).sum(axis=1, dtype=np.int64)
    negative = rows.sum(axis=1, dtype=np.int64) - positive
    return bias - 128 * positive + 127 * negative, bias + 127 * positive - 128 * negative


def exact_rounding(work: WeightedWork, rows: NDArray[np.int8]) -> ExactRounding | None:
    """None where a sum, or a step on its way to the output, could leave 32 bits."""
    lowest, highest = reachable(rows, work.bias)
    if np.any(lowest <= -_ACCUMULATOR_LIMIT) or np.any(highest >= _ACCUMULATOR_LIMIT):
        return None
    right = -np.broadcast_to(work.to.shifts, lowest.shape).astype(np.int64)
    multipliers = np.broadcast_to(work.to.multipliers, lowest.shape).astype(np.int64)
    if np.any(right < 1) or np.any(right > 24):
        return None
    shifts = right + 7
    offsets = 64 + (np.int64(1) << (right + 6)) + (np.int64(work.to.output_zero_point) << shifts)
    least = (lowest * multipliers >> 24) + offsets - 128
    most = (highest * multipliers >> 24) + offsets
    extremes = np.stack([offsets - 128, offsets, least, most])
    if np.any(extremes < -_INT32) or np.any(extremes >= _INT32):
        return None
    return ExactRounding(*(part.astype(np.int32) for part in (multipliers, offsets, shifts)))


def line_of(work: WeightedWork, rows: NDArray[np.int8]) -> StraightLine | None:
    return straight_line(work.to, *reachable(rows, work.bias))


def starts(
    work: WeightedWork, rows: NDArray[np.int8], beta: NDArray[np.int32] | int
) -> NDArray[np.int32]:
    """(channels,): start values of the sums, modulo 2^32: only complete sums are within range."""
    start = 256 * work.bias.astype(np.int64) - mixing_correction(rows) + beta
    return (start & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
