"""ADD and SUB on mz_add_s8_dsp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.parameters import Requantization
from mcuzoo.ops.common.broadcast import BinaryParams, Broadcast

SHIFT = 20
"""MZ_ADD_SHIFT."""

_INT32 = 1 << 31
_REACH = 48
"""What a multiplier is at most changed by in search of a line, and how much that moves a sum."""

_MOST_PAIRS = 512
"""So many that leave least are no chance, but halves."""

_STEEPER = (0.0, 2.0**-17, 2.0**-15)
"""By how much a line may be steeper than the scales say: so exact halves go away from zero, as in
TFLM, where sums of whole units cannot tell. 2^-15 moves the furthest output by 1/128."""

_VALUES = np.arange(-128, 128, dtype=np.int64)


@dataclass(frozen=True)
class AddDspParams(BinaryParams):
    """As mz_add_s8_dsp.h has them. first, second: what an operand's value is multiplied by. start:
    what is added. zero_point: of the output, and its minimum. maximum: the fused activation as an
    int8 value of the output.
    """

    c_type = "mz_add_s8_dsp_params"
    first: int
    second: int
    start: int
    zero_point: int
    maximum: int


def line_of_sum(
    outputs: NDArray[np.int8],
    slopes: Sequence[float],
    to: Requantization,
    broadcast: Broadcast,
) -> AddDspParams | None:
    """Parameters that give `outputs`, int8 (256, 256): for each value of the first operand and the
    second, from -128 on; None if none are found.

    slopes: by how much the output rises for each unit of an operand. to: clamps the output. Proven
    by trying all pairs of values, as the kernel computes them:

        output = high(first * a * 2^24) + high(second * b * 2^24) + start >> SHIFT, saturated

    to int8, where high is the upper word of a signed 64-bit product, moved by the minimum and
    clamped.
    """
    if max(map(abs, slopes)) * 2 ** (SHIFT + 8) >= _INT32 * (1 - 2**-14):
        return None
    moved = outputs.astype(np.int64) - to.minimum - 128
    least, most = moved == -128, outputs == to.maximum
    lowest = np.where(least, -_INT32, moved << SHIFT)
    highest = np.where(most, _INT32, (moved + 1 << SHIFT) - 1)
    for steeper in _STEEPER:
        units = [round(slope * (1 + steeper) * 2 ** (SHIFT + 8)) for slope in slopes]
        for first, second in _nearby(units, lowest, highest):
            sums = _upper(first)[:, None] + _upper(second)
            at_least, at_most = int((lowest - sums).max()), int((highest - sums).min())
            start = max(at_least, min(at_most, 1 << SHIFT - 1))
            if at_least > at_most or abs(start) >= _INT32:
                continue
            if np.all(np.abs(sums + start) < _INT32):
                return AddDspParams(broadcast, first, second, start, to.minimum, to.maximum)
    return None


def _nearby(
    units: Sequence[int], lowest: NDArray[np.int64], highest: NDArray[np.int64]
) -> Iterator[tuple[int, int]]:
    """`units` themselves, and the multipliers near them that leave most room for `start`. Tried by
    those pairs of values alone that leave least."""
    yield units[0], units[1]
    sums = _upper(units[0])[:, None] + _upper(units[1])
    below, above = lowest - sums, highest - sums
    if below.max() - above.min() > 4 * _REACH:
        return
    near = (below > below.max() - 4 * _REACH) | (above < above.min() + 4 * _REACH)
    a, b = np.nonzero(near)
    if len(a) > _MOST_PAIRS:
        return
    steps = np.arange(-_REACH, _REACH + 1)
    firsts, seconds = (
        (_VALUES[at] << 24) * (unit + steps[:, None]) >> 32
        for at, unit in zip((a, b), units, strict=True)
    )
    both = firsts[:, None] + seconds
    room = (highest[near] - both).min(axis=2) - (lowest[near] - both).max(axis=2)
    first, second = np.unravel_index(int(room.argmax()), room.shape)
    yield units[0] + int(steps[first]), units[1] + int(steps[second])


def _upper(multiplier: int) -> NDArray[np.int64]:
    """The upper word of each int8 value, in a word's highest byte, times the multiplier."""
    return (_VALUES << 24) * multiplier >> 32
