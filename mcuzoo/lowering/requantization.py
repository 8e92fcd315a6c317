"""TFLM's requantization as one multiplication, one addition and one shift, exactly.

TFLM rounds twice: r = floor((a * m + 2^30) / 2^31), then r / 2^s to nearest, halves away from zero
(SaturatingRoundingDoublingHighMul and RoundingDivideByPOT in gemmlowp's fixedpoint.h). Where the
activation clamps at the output's zero point, halves of negative numbers do not matter, and nested
floors are one: with u = 2^up * 256 and M = m * 2^(shift - 7 - s - up),

    floor((u * a * M + o) / 2^(32 + shift)),   o = 2^31 * 2^shift * (1 + 2^-s),

is the same number. Kernels compute it as (high(sum * M) + round) >> shift from a sum that starts
beta above u * a, so that o is beta * M + round * 2^32.

For 0 < s <= shift - 7 that is exact as it stands: `up` makes M = m. Beyond, or where a kernel has
another shift instead of `up`, M has lost bits, and both sides are staircases in a that must be
compared: they are equal if every step that the layer's accumulators can reach begins at the same a.
For a given M each step is a lower and an upper bound of o; any o between them will do, and several
M are tried. A channel that has none has no line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.parameters import Requantization

SCALE = 256
SHIFT = 14
"""MZ_LINE_SHIFT in firmware/kernels/mz_line.h: immediate in the instruction, so the same for all
layers. Channels of shifts up to 7 are exact as they stand, and few need to shift by less than 2."""

SMALL_SHIFT = 7
"""MZ_LINE_SMALL_SHIFT: with this one instead no multiplier up to 1 needs `up`."""


_REACHES = (24, 1024)
"""Multipliers tried on either side; one channel in hundreds needs the second try."""
_INT32 = 2**31
_HALFWORD = 2**15
_FAR = 2**62


@dataclass(frozen=True)
class Line:
    """One channel: its sums are SCALE * 2^up times the accumulator, plus beta."""

    multiplier: int
    up: int
    beta: int
    round: int
    """Int16; rounding(shift), the same for all channels, is not in it."""
    shift: int = SHIFT


def rounding(shift: int) -> int:
    """MZ_LINE_ROUND(shift): half of an output, and outputs begin at -128."""
    return (1 << (shift - 1)) - (128 << shift)


def lines(
    to: Requantization, lowest: NDArray[np.int64], highest: NDArray[np.int64]
) -> list[Line] | None:
    """One line per channel, all of SHIFT, or None if any channel has none.

    lowest, highest: int64 (channels,), reachable accumulators. Proves for every one of them and
    all sums between that the kernel's output, a number above the zero point from 0 to 255, is
    TFLM's, and that sums stay within 32 bits.
    """
    return _lines(to, lowest, highest, lambda right: (SHIFT, max(SHIFT - 7 - right, 0)))


def lines_of_two_shifts(
    to: Requantization, lowest: NDArray[np.int64], highest: NDArray[np.int64]
) -> list[Line] | None:
    """The same with SHIFT or SMALL_SHIFT, and `up` always 0."""
    return _lines(
        to, lowest, highest, lambda right: (SHIFT if right >= SHIFT - 7 else SMALL_SHIFT, 0)
    )


def _lines(
    to: Requantization,
    lowest: NDArray[np.int64],
    highest: NDArray[np.int64],
    scaling: Callable[[int], tuple[int, int]],
) -> list[Line] | None:
    """scaling: shift and up for a channel's shift to the right."""
    if to.minimum != to.output_zero_point:
        return None
    multipliers = np.broadcast_to(to.multipliers, lowest.shape).tolist()
    rights = (-np.broadcast_to(to.shifts, lowest.shape)).tolist()
    found = []
    for channel in zip(multipliers, rights, lowest.tolist(), highest.tolist(), strict=True):
        line = _line(*channel, to.maximum - to.minimum, *scaling(channel[1]))
        if line is None:
            return None
        found.append(line)
    return found


def first_accumulators(multiplier: int, right: int, outputs: int) -> NDArray[np.int64]:
    """The least accumulator whose output above the zero point is at least 1, 2, .. outputs."""
    steps = np.arange(1, outputs + 1, dtype=np.int64)
    first = (steps << right) - ((1 << right) >> 1)
    return -(-((first << 31) - 2**30) // multiplier)


# Whether a layer has lines is asked before it is lowered, and by fit and export again.
@lru_cache(maxsize=1 << 14)
def _line(
    multiplier: int, right: int, lowest: int, highest: int, outputs: int, shift: int, up: int
) -> Line | None:
    whole = shift - 7
    # Right shifts beyond 20 would not leave room for the steps in 64 bits.
    if not (0 <= right <= 20 and 0 < multiplier < _INT32 and up <= 7):
        return None
    unit = SCALE << up
    if unit * max(abs(lowest), abs(highest)) >= _INT32 - _HALFWORD:
        return None
    if right <= whole:
        # Without a second division there is no second half either.
        return Line(multiplier, up, 0, 64 << up if right > 0 else 0, shift)
    steps = first_accumulators(multiplier, right, outputs)
    for reach in _REACHES:
        near = (multiplier >> (right - whole)) + np.arange(-reach, reach + 1)
        near = near[(near > 0) & (near < _INT32)]
        least, most = _bounds(near, steps, lowest, highest, shift)
        room = most - least
        best = int(np.argmax(room))
        line = _split(int(near[best]), int(least[best]), int(room[best]), shift)
        if line is not None:
            return line
    return None


def _bounds(
    multipliers: NDArray[np.int64], steps: NDArray[np.int64], lowest: int, highest: int, shift: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each multiplier the least and the greatest o, without the half of an output."""
    half = 1 << (31 + shift)
    levels = (np.arange(1, len(steps) + 1, dtype=np.int64) << (32 + shift)) - half
    by = SCALE * multipliers[:, None]
    reached = levels - np.clip(steps, lowest, highest) * by
    missed = levels - 1 - np.clip(steps - 1, lowest, highest) * by
    least = np.max(reached, axis=1, where=steps <= highest, initial=-_FAR)
    most = np.min(missed, axis=1, where=steps > lowest, initial=_FAR)
    # An output that is never reached, or never left, bounds nothing.
    least = np.where(least == -_FAR, np.minimum(most, 0), least)
    most = np.where(most == _FAR, np.maximum(least, 0), most)
    return least, most


def _split(multiplier: int, offset: int, room: int, shift: int) -> Line | None:
    """beta * multiplier + round * 2^32 within offset..offset + room."""
    if room < 0:
        return None
    betas = np.arange(-_HALFWORD // 2, _HALFWORD // 2, dtype=np.int64)
    rounds = -((betas * multiplier - offset) >> 32)  # the least that reaches the offset
    over = betas * multiplier + (rounds << 32) - offset
    good = (over <= room) & (np.abs(rounds) < _HALFWORD)
    if not np.any(good):
        return None
    place = int(np.argmin(np.where(good, np.abs(betas), _HALFWORD)))
    return Line(multiplier, 0, int(betas[place]), int(rounds[place]), shift)
