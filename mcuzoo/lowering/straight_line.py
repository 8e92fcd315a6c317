"""Requantization as one multiplication, one addition and one shift, exactly.

TFLM rounds twice: r1 = floor((a * m + 2^30) / 2^31), then r1 / 2^s to nearest, halves away from
zero (SaturatingRoundingDoublingHighMul and RoundingDivideByPOT in gemmlowp's fixedpoint.h). As a
function of the accumulator a that is a staircase, and so is

    (upper word of (256 * a + beta) * multiplier, plus offset) >> SHIFT

Two staircases are equal where every step that the layer's accumulators can reach begins at the same
a. For a multiplier these are, at each step, one lower and one upper bound of beta; any beta between
the largest and the smallest of them will do. Above the zero point TFLM's staircase follows a
straight line and some beta almost always exists; below, it follows another one, so signed outputs
almost never have one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.parameters import Requantization

SHIFT = 11
"""MZ_LINE_SHIFT in firmware/kernels/mz_packed_s8.h: immediate in the instruction, so the
same for all layers. Multipliers below 2^-4 fit, and those above 2^-10 keep 25 bits."""

_GRID = 8
_REACH_BITS = 12
_INT64_SHIFT = 20
_ANY = 2**40
_USUAL_BETA = 192
_INT32 = 2**31


@dataclass(frozen=True, eq=False)
class StraightLine:
    """int32 (channels,): beta, what is added to 256 times the accumulator; multipliers."""

    beta: NDArray[np.int32]
    multipliers: NDArray[np.int32]
    offset: int


def first_accumulators(
    multipliers: NDArray[np.int64], shifts: NDArray[np.int64], zero_point: int, outputs: range
) -> NDArray[np.int64]:
    """The least accumulator whose output, before clamping, is at least each of `outputs`.

    multipliers, shifts: (channels,), shifts to the right, 1 to 20. Returns (channels, outputs).
    """
    steps = np.arange(outputs.start, outputs.stop, dtype=np.int64) - zero_point
    right = shifts[:, None]
    # Halves go away from zero: up for a step above it, down to the step below for others.
    first = (steps << right) - (np.int64(1) << (right - 1)) + (steps <= 0)
    return _ceil_divide((first << 31) - 2**30, multipliers[:, None])


def straight_line(
    to: Requantization, lowest: NDArray[np.int64], highest: NDArray[np.int64]
) -> StraightLine | None:
    """None where the layer has none. lowest, highest: (channels,), reachable accumulators."""
    right = -np.broadcast_to(to.shifts, lowest.shape).astype(np.int64)
    exact = np.broadcast_to(to.multipliers, lowest.shape).astype(np.int64)
    in_range = np.all((right >= SHIFT - 7) & (right <= _INT64_SHIFT) & (exact > 0))
    if not in_range or to.minimum < to.output_zero_point:
        return None
    outputs = range(to.minimum + 1, to.maximum + 1)
    offset = (to.output_zero_point << SHIFT) + (1 << (SHIFT - 1))
    stairs = _Stairs(
        first_accumulators(exact, right, to.output_zero_point, outputs),
        ((np.arange(outputs.start, outputs.stop, dtype=np.int64) << SHIFT) - offset) << 32,
        lowest,
        highest,
    )
    multipliers = exact >> (right - (SHIFT - 7))
    least, most = stairs.beta_bounds(multipliers)
    for channel in np.flatnonzero(least > most):
        one = np.s_[channel : channel + 1]
        multipliers[channel] = _better_multiplier(stairs.part(one), int(multipliers[channel]))
        least[one], most[one] = stairs.part(one).beta_bounds(multipliers[one])
    beta = np.clip(_USUAL_BETA, least, most)
    sums = 256 * lowest + beta, 256 * highest + beta
    if np.any(least > most) or np.any(sums[0] < -_INT32) or np.any(sums[1] >= _INT32):
        return None
    return StraightLine(beta.astype(np.int32), multipliers.astype(np.int32), offset)


@dataclass(frozen=True, eq=False)
class _Stairs:
    """Where a layer's steps begin: accumulators, (channels, steps), and levels, (steps,)."""

    steps: NDArray[np.int64]
    levels: NDArray[np.int64]
    lowest: NDArray[np.int64]
    highest: NDArray[np.int64]

    def part(self, channels: slice) -> _Stairs:
        return _Stairs(
            self.steps[channels], self.levels, self.lowest[channels], self.highest[channels]
        )

    def beta_bounds(
        self, multipliers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Least and greatest beta, (channels,), that put every reachable step where it belongs.

        A step at accumulator t wants (256 * t + beta) * multiplier >= level, and the accumulator
        before it the opposite. One channel may be asked about several multipliers.
        """
        if self.levels.size == 0:
            return np.zeros_like(multipliers), np.zeros_like(multipliers)
        needed = -(-self.levels // multipliers[:, None])
        first, last = self.lowest[:, None], self.highest[:, None]
        reached = needed - 256 * np.maximum(self.steps, first)
        missed = needed - 1 - 256 * np.minimum(self.steps - 1, last)
        least = np.where(self.steps <= last, reached, -_ANY).max(axis=1)
        most = np.where(self.steps > first, missed, _ANY).min(axis=1)
        return least, most


def _better_multiplier(stairs: _Stairs, middle: int) -> int:
    """Of one channel. The room between the bounds of beta is nearly a concave function of the
    multiplier, so look closer and closer around the best of a few."""
    reach, best = middle >> _REACH_BITS, middle
    while True:
        reach = max(reach, _GRID)
        candidates = np.clip(best + reach * np.arange(-_GRID, _GRID + 1) // _GRID, 1, _INT32 - 1)
        least, most = stairs.beta_bounds(candidates)
        best = int(candidates[np.argmax(most - least)])
        if reach == _GRID:
            return best
        reach = reach * 2 // _GRID


def _ceil_divide(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    return -(-a // b)
