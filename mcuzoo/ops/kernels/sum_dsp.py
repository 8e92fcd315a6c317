"""ADD and SUB on mz_add_s8_dsp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.parameters import Requantization
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast, Strides

SHIFT = 20
"""MZ_ADD_SHIFT."""

_INT32 = 1 << 31
_NEARBY = (0, 1, -1, 2, -2, 3, -3, 5, -5, 8, -8)
"""What is added to a multiplier in search of a line."""

_BEND = -16
"""More than sums are off by, and much less than an output's step."""

_VALUES = np.arange(-128, 128, dtype=np.int64)


@dataclass(frozen=True)
class AddDspParams(BinaryParams):
    """As mz_add_s8_dsp.h has them. first_strides, second_strides: in elements, outermost first; 0
    where the operand is broadcast. first, second: what an operand's value is multiplied by. start:
    what is added. bend: what is added to sums below zero. more: what is added then. zero_point: of
    the output, and its minimum. maximum: the fused activation as an int8 value of the output.
    """

    c_type = "mz_add_s8_dsp_params"
    first_strides: Strides
    second_strides: Strides
    first: int
    second: int
    start: int
    bend: int
    more: int
    zero_point: int
    maximum: int


def line_of_sum(
    outputs: NDArray[np.int8],
    slopes: Sequence[float],
    zero: float,
    to: Requantization,
    broadcast: Broadcast,
) -> AddDspParams | None:
    """Parameters that give `outputs`, int8 (256, 256): for each value of the first operand and the
    second, from -128 on; None if none are found.

    slopes: by how much the output rises for each unit of an operand. zero: the output, less its
    zero point, where both operands are stored as 0. to: clamps the output. Proven by trying all
    pairs of values, as the kernel computes them:

        sum = high(first * a * 2^24) + high(second * b * 2^24) + start
        output = sum + (bend, where sum is negative) + more, >> SHIFT, saturated to int8

    where high is the upper word of a signed 64-bit product, moved by the minimum and clamped. A
    straight line has no bend and no more; with a bend halves go away from zero, as in TFLM, where
    pairs of values come to exact halves.
    """
    units = [round(slope * 2 ** (SHIFT + 8)) for slope in slopes]
    if max(map(abs, units)) >= _INT32 - max(_NEARBY):
        return None
    moved = outputs.astype(np.int64) - to.minimum - 128
    least, most = moved == -128, outputs == to.maximum
    lowest = np.where(least, -_INT32, moved << SHIFT)
    highest = np.where(most, _INT32, (moved + 1 << SHIFT) - 1)

    def start_of(sums: NDArray[np.int64]) -> int | None:
        at_least, at_most = int((lowest - sums).max()), int((highest - sums).min())
        start = max(at_least, min(at_most, 1 << SHIFT - 1))
        within = abs(start) < _INT32 and bool(np.all(np.abs(sums + start) < _INT32))
        return start if at_least <= at_most and within else None

    def found(first: int, second: int, start: int, bend: int = 0, more: int = 0) -> AddDspParams:
        return AddDspParams(
            sizes=broadcast.sizes,
            first_strides=broadcast.first,
            second_strides=broadcast.second,
            first=first,
            second=second,
            start=start,
            bend=bend,
            more=more,
            zero_point=to.minimum,
            maximum=to.maximum,
        )

    near = [(units[0] + more, units[1] + also) for more in _NEARBY for also in _NEARBY]
    for first, second in near:
        start = start_of(_upper(first)[:, None] + _upper(second))
        if start is not None:
            return found(first, second, start)
    about = round(zero * 2**SHIFT)
    for first, second in near[: len(_NEARBY)]:
        sums = _upper(first)[:, None] + _upper(second) + about
        if np.all(np.abs(sums) < _INT32):
            start = start_of(sums + np.where(sums < 0, _BEND, 0))
            if start is not None:
                return found(first, second, about, _BEND, start)
    return None


def _upper(multiplier: int) -> NDArray[np.int64]:
    """The upper word of each int8 value, in a word's highest byte, times the multiplier."""
    return (_VALUES << 24) * multiplier >> 32
