"""Output channels with numbers that no fast kernel can hold, brought to others that give the same.

TensorFlow's converter gives a channel with weights next to zero a scale next to zero and, where it
has a bias, one of up to 2^30. Few outputs of such a channel are within reach, mostly one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mcuzoo.graph.parameters import Requantization
from mcuzoo.lowering.operands import LARGE_CONSTANT
from mcuzoo.ops.common.reference import requantize

_MOST_RIGHT = 16
"""A zero point shifted to the left by as much, and by the kernels' 7 bits, is within 32 bits."""

_USUAL_RIGHT = 8
"""A shift that every kernel takes."""

_INT32 = 2**31
_NEAR = 256
"""Multipliers that are tried on either side."""


def brought_near(
    rows: NDArray[np.int8], plain: NDArray[np.int64], zero_point: int, to: Requantization
) -> tuple[NDArray[np.int64], Requantization]:
    """The bias and the requantization for the same outputs of every input.

    rows: int8 (channels, weights); those of a channel that has one output become zero, in place.
    plain: int64 (channels,), the bias. zero_point: of the input.
    """
    folded = plain - zero_point * rows.sum(axis=1, dtype=np.int64)
    positive = np.maximum(rows, 0).sum(axis=1, dtype=np.int64)
    negative = rows.sum(axis=1, dtype=np.int64) - positive
    least, most = folded - 128 * positive + 127 * negative, folded + 127 * positive - 128 * negative
    shifts = np.broadcast_to(to.shifts, plain.shape).copy()
    far = (np.maximum(-least, most) >= LARGE_CONSTANT) | (shifts < -_MOST_RIGHT)
    if not far.any():
        return plain, to
    multipliers = np.broadcast_to(to.multipliers, plain.shape).copy()
    near, outputs = plain.copy(), [requantize(sums, to).astype(int) for sums in (least, most)]
    for channel in np.flatnonzero(far).tolist():
        first, last = int(outputs[0][channel]), int(outputs[1][channel])
        if first == last:
            # 512 times a number times 1/512 is that number, exactly.
            rows[channel] = 0
            near[channel] = (first - to.output_zero_point) << _USUAL_RIGHT + 1
            multipliers[channel], shifts[channel] = 1 << 30, -_USUAL_RIGHT
        elif shifts[channel] < -_MOST_RIGHT:
            steps = range(first + 1 - to.output_zero_point, last + 1 - to.output_zero_point)
            found = _coarser(int(multipliers[channel]), -int(shifts[channel]), steps)
            if found is not None:
                multipliers[channel], more = found
                shifts[channel] = -_MOST_RIGHT
                near[channel] += more
    return near, replace(to, multipliers=multipliers, shifts=shifts)


def _coarser(multiplier: int, right: int, steps: range) -> tuple[int, int] | None:
    """A multiplier for _MOST_RIGHT and what is added to the accumulator, with which each of
    `steps`, outputs less their zero point, begins where it does with `multiplier` and `right`."""
    begins = [_first(multiplier, right, step) for step in steps]
    middle = multiplier >> (right - _MOST_RIGHT)
    for distance in range(_NEAR):
        for near in {middle + distance, middle - distance}:
            if not 0 < near < _INT32:
                continue
            more = {
                _first(near, _MOST_RIGHT, step) - begin
                for step, begin in zip(steps, begins, strict=True)
            }
            if len(more) == 1:
                return near, more.pop()
    return None


def _first(multiplier: int, right: int, step: int) -> int:
    """The least accumulator that gives `step` or more by TFLM: as first_accumulators in
    mcuzoo/lowering/requantization.py, for any shift to the right from 1 on."""
    halves = (1 << (right - 1)) - (1 if step <= 0 else 0)
    return -(-((((step << right) - halves) << 31) - 2**30) // multiplier)
