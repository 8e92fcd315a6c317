"""From int32 sums to int8 outputs by one multiplication, one addition and one shift, exactly.

TFLM rounds twice. For an accumulator a, a mantissa m in Q0.31 and a shift to the right s,

    r = floor((a * m + 2^30) / 2^31),   output = zero point + r / 2^s to nearest,

where halves go away from zero (SaturatingRoundingDoublingHighMul and RoundingDivideByPOT in
gemmlowp's fixedpoint.h). The kernels for the DSP extension have one instruction for

    output = (high(sum * M) + offset) >> shift,   sum = unit * a + beta,

where high is the upper word of a signed 64-bit product and unit is 256, or 256 * 2^up. See
firmware/kernels/mz_requantization.h.

The theorem. As functions of a both are staircases. They are the same function on a range of
accumulators if every step that the range reaches begins at the same a. TFLM's step to an output
begins at first_accumulators(). The kernel's begins at the first a with

    unit * a * M + addend >= level << 32,   addend = beta * M + (offset << 32),

where level is the output times 2^shift. So for a given M every step gives a lower and an upper
bound of the addend, and any addend between the greatest lower and the least upper bound will do.
`Staircases.addend_bounds` computes both, and every line that this module returns keeps them.

Above the zero point TFLM's staircase follows a straight line, and some M and addend almost always
exist. Below it the staircase follows another line, so outputs of both signs almost never have one.

What is left is to find them in the form that a kernel can hold:

- `straight_line`: one offset for the whole layer, any beta (mz_packed_block.c).
- `lines`, `lines_of_two_shifts`: an int16 offset per channel, which the kernel's own rounding is
  added to, and a beta of 15 bits (mz_conv_2d_stem_s8_dsp.c, mz_depthwise_planes.c).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.parameters import Requantization

SCALE = 256
"""What a sum is for each unit of the accumulator."""

PACKED_SHIFT = 11
"""MZ_PACKED_LINE_SHIFT in mz_requantization.h: immediate in the instruction, so the same for all
layers. Multipliers below 2^-4 fit, and those above 2^-10 keep 25 bits."""

SHIFT = 14
"""MZ_LINE_SHIFT: immediate as well. Channels of shifts up to 7 are exact as they stand, and few
need to shift by less than 2."""

SMALL_SHIFT = 7
"""MZ_LINE_SMALL_SHIFT: with this one no multiplier up to 1 needs `up`."""

_RIGHT_SHIFTS = range(21)
"""TFLM's shifts for which steps fit into 64 bits."""

_INT32 = 2**31
_HALFWORD = 2**15
_FAR = 2**62
"""Stands for an addend without bound."""

_ANY_BETA = 2**40
"""Stands for a beta without bound."""

# The search of straight_line.
_USUAL_BETA = 192
_GRID = 8
_REACH_BITS = 12

# The search of lines.
_REACHES = (24, 1024)
"""Multipliers tried on either side; one channel in hundreds needs the second try."""


def first_accumulators(
    multipliers: NDArray[np.int64], rights: NDArray[np.int64], zero_point: int, outputs: range
) -> NDArray[np.int64]:
    """The least accumulator whose output by TFLM, before clamping, is at least each of `outputs`.

    multipliers, rights: int64 (channels,), shifts to the right, 0 to 20. Returns int64
    (channels, outputs).
    """
    steps = np.arange(outputs.start, outputs.stop, dtype=np.int64) - zero_point
    right = rights[:, None]
    # Halves go away from zero: up for a step above it, down to the step below for others. Without
    # a second division there is no second half.
    halves = ((np.int64(1) << right) >> 1) - ((steps <= 0) & (right > 0))
    return _ceil_divide((((steps << right) - halves) << 31) - 2**30, multipliers[:, None])


@dataclass(frozen=True, eq=False)
class Staircases:
    """TFLM's outputs for the reachable accumulators, as steps that the kernel's line must keep.

    steps: int64 (channels, steps), the accumulators at which outputs begin. levels: int64 (steps,),
    outputs times 2^shift, less what every addend holds beside; within 2^30. lowest, highest: int64
    (channels,), reachable accumulators; unit times these is within 32 bits. A single channel may
    be asked about several multipliers.
    """

    steps: NDArray[np.int64]
    levels: NDArray[np.int64]
    lowest: NDArray[np.int64]
    highest: NDArray[np.int64]
    unit: int = SCALE

    def part(self, channels: slice) -> Staircases:
        return Staircases(
            self.steps[channels],
            self.levels,
            self.lowest[channels],
            self.highest[channels],
            self.unit,
        )

    def addend_bounds(
        self, multipliers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The least and the greatest addend, int64 (multipliers,), that put every reachable step
        where it belongs; -_FAR and _FAR where no step asks for one.

        A step at accumulator t wants unit * t * multiplier + addend >= level << 32, and the
        accumulator before it the opposite. There is no such addend where the least is greater.
        """
        if self.levels.size == 0:
            return np.zeros_like(multipliers), np.zeros_like(multipliers)
        by = self.unit * multipliers[:, None]
        first, last = self.lowest[:, None], self.highest[:, None]
        reached = (self.levels << 32) - np.clip(self.steps, first, last) * by
        missed = (self.levels << 32) - 1 - np.clip(self.steps - 1, first, last) * by
        least = np.where(self.steps <= last, reached, -_FAR).max(axis=1)
        most = np.where(self.steps > first, missed, _FAR).min(axis=1)
        return least, most

    def beta_bounds(
        self, multipliers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The least and the greatest beta, for an addend that is beta times the multiplier."""
        least, most = self.addend_bounds(multipliers)
        return (
            np.where(least == -_FAR, -_ANY_BETA, _ceil_divide(least, multipliers)),
            np.where(most == _FAR, _ANY_BETA, most // multipliers),
        )


@dataclass(frozen=True, eq=False)
class StraightLine:
    """All channels of a layer, with PACKED_SHIFT.

    beta: int32 (channels,), what is added to SCALE times the accumulator. multipliers: int32
    (channels,). offset: the layer's, in int32.
    """

    beta: NDArray[np.int32]
    multipliers: NDArray[np.int32]
    offset: int


def straight_line(
    to: Requantization, lowest: NDArray[np.int64], highest: NDArray[np.int64]
) -> StraightLine | None:
    """The line of the layer, or None if there is none.

    lowest, highest: int64 (channels,), reachable accumulators. Proves for every one of them and all
    between that the kernel's output, clamped as `to` says, is TFLM's, and that sums stay within 32
    bits.
    """
    rights = -np.broadcast_to(to.shifts, lowest.shape).astype(np.int64)
    exact = np.broadcast_to(to.multipliers, lowest.shape).astype(np.int64)
    shorter = rights - (PACKED_SHIFT - 7)
    if np.any((shorter < 0) | (rights >= _RIGHT_SHIFTS.stop)):
        return None
    multipliers = exact >> shorter
    farthest = SCALE * np.maximum(np.abs(lowest), np.abs(highest))
    if to.minimum < to.output_zero_point or np.any(farthest > _INT32) or np.any(multipliers < 1):
        return None
    outputs = range(to.minimum + 1, to.maximum + 1)
    offset = (to.output_zero_point << PACKED_SHIFT) + (1 << (PACKED_SHIFT - 1))
    stairs = Staircases(
        first_accumulators(exact, rights, to.output_zero_point, outputs),
        (np.arange(outputs.start, outputs.stop, dtype=np.int64) << PACKED_SHIFT) - offset,
        lowest,
        highest,
    )
    least, most = stairs.beta_bounds(multipliers)
    for channel in np.flatnonzero(least > most):
        one = np.s_[channel : channel + 1]
        multipliers[channel] = _better_multiplier(stairs.part(one), int(multipliers[channel]))
        least[one], most[one] = stairs.part(one).beta_bounds(multipliers[one])
    beta = np.clip(_USUAL_BETA, least, most)
    sums = SCALE * lowest + beta, SCALE * highest + beta
    if np.any(least > most) or np.any(sums[0] < -_INT32) or np.any(sums[1] >= _INT32):
        return None
    return StraightLine(beta.astype(np.int32), multipliers.astype(np.int32), offset)


def _better_multiplier(stairs: Staircases, middle: int) -> int:
    """The multiplier of one channel with the most room between the bounds of beta. The room is
    nearly a concave function of the multiplier, so the search narrows around the best of a few."""
    reach, best = middle >> _REACH_BITS, middle
    while True:
        reach = max(reach, _GRID)
        candidates = np.clip(best + reach * np.arange(-_GRID, _GRID + 1) // _GRID, 1, _INT32 - 1)
        least, most = stairs.beta_bounds(candidates)
        best = int(candidates[np.argmax(most - least)])
        if reach == _GRID:
            return best
        reach = reach * 2 // _GRID


@dataclass(frozen=True)
class Line:
    """One channel: its sums are SCALE * 2^up times the accumulator, plus beta. multiplier, shift:
    of mz_requantization.h's line."""

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

    lowest, highest: int64 (channels,), reachable accumulators. Proves for every one of them and all
    between that the kernel's output, a number above the zero point from 0 to 255, is TFLM's, and
    that sums stay within 32 bits.
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


# Whether a layer has lines is asked before it is lowered, and by fit and export again.
@lru_cache(maxsize=1 << 14)
def _line(
    multiplier: int, right: int, lowest: int, highest: int, outputs: int, shift: int, up: int
) -> Line | None:
    whole = shift - 7
    if not (right in _RIGHT_SHIFTS and 0 < multiplier < _INT32 and up <= 7):
        return None
    unit = SCALE << up
    if unit * max(abs(lowest), abs(highest)) >= _INT32 - _HALFWORD:
        return None
    if right <= whole:
        # `up` makes M = m, and nested floors are one floor: exact as it stands. Without a second
        # division there is no second half either.
        return Line(multiplier, up, 0, 64 << up if right > 0 else 0, shift)
    steps = range(1, outputs + 1)
    stairs = Staircases(
        first_accumulators(np.array([multiplier]), np.array([right]), 0, steps),
        (np.arange(1, outputs + 1, dtype=np.int64) << shift) - (1 << (shift - 1)),
        np.array([lowest]),
        np.array([highest]),
        unit,
    )
    for reach in _REACHES:
        near = (multiplier >> (right - whole)) + np.arange(-reach, reach + 1)
        near = near[(near > 0) & (near < _INT32)]
        least, most = stairs.addend_bounds(near)
        least = np.where(least == -_FAR, np.minimum(most, 0), least)
        most = np.where(most == _FAR, np.maximum(least, 0), most)
        room = most - least
        best = int(np.argmax(room))
        line = _split(int(near[best]), int(least[best]), int(room[best]), shift)
        if line is not None:
            return line
    return None


def _split(multiplier: int, addend: int, room: int, shift: int) -> Line | None:
    """beta * multiplier + round * 2^32 within addend..addend + room."""
    if room < 0:
        return None
    for betas in _BETAS:
        rounds = -((betas * multiplier - addend) >> 32)  # the least that reaches the addend
        over = betas * multiplier + (rounds << 32) - addend
        good = (over <= room) & (np.abs(rounds) < _HALFWORD)
        if np.any(good):
            place = int(np.argmin(np.where(good, np.abs(betas), _HALFWORD)))
            return Line(multiplier, 0, int(betas[place]), int(rounds[place]), shift)
    return None


# The one nearest to 0 counts, and it mostly is near.
_BETAS = tuple(
    np.arange(-most, most, dtype=np.int64) for most in (1 << 5, 1 << 9, 1 << 13, _HALFWORD // 2)
)


def _ceil_divide(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    return -(-a // b)
