"""Scaling and rounding of an Ethos-U, as far as public sources and comparisons tell.

Vela's sources name three roundings and choose scales so that the NPU's results equal TFLite's:
TFL is TFLite's double rounding, by 31 bits to the nearest with halves up and then the rest with
halves away from zero; below 31 bits there is one rounding, halves up. Four rules are in no public
source and were fitted to results of TFLM; their names begin with FITTED.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.npu.operations import Rounding

FITTED_WIDE_MUL = (
    "a product of two 32-bit operands is only shifted; the scale's mantissa, 1 or 2**30, is ignored"
)
FITTED_WIDE_ZERO_POINT = "a 32-bit output that goes through no table gets no zero point"
FITTED_WIDE_LIMITS = "a 32-bit output saturates, whatever the limits of the activation are"
FITTED_PADDED_AVERAGE = (
    "an average pool with padding divides by itself, halves away from zero, whatever output scale "
    "and rounding are set"
)
FITTED = (FITTED_WIDE_MUL, FITTED_WIDE_ZERO_POINT, FITTED_WIDE_LIMITS, FITTED_PADDED_AVERAGE)

_SAFE = 2**62
_HIGH_BITS = 31

Integers = NDArray[np.int64]


def scale(
    values: NDArray[Any],
    mantissa: Integers | int,
    shift: Integers | int,
    rounding: Rounding,
) -> Integers:
    """values * mantissa / 2**shift, exact but for the rounding.

    values: integers of any shape. mantissa, shift: 0..2**32 - 1 and 0..63, for all or per channel.
    """
    wide = values.astype(np.int64)
    factors, shifts = np.asarray(mantissa, np.int64), np.asarray(shift, np.int64)
    largest = int(np.abs(wide).max(initial=0)) * int(factors.max())
    if largest >= _SAFE:
        return _scale_exactly(wide, factors, shifts, rounding)
    product: Integers = wide * factors
    if rounding is Rounding.TFL:
        return _round_as_tflite(product, shifts)
    if rounding is Rounding.NATURAL:
        return round_up(product, shifts)
    whole = np.abs(product) >> shifts
    return np.where(product < 0, -whole, whole)


def saturated(values: Integers) -> Integers:
    """As int32, with what is beyond it at its ends."""
    return np.clip(values, -(2**31), 2**31 - 1)


def round_up(values: Integers, shift: Integers) -> Integers:
    """values / 2**shift to the nearest, halves up."""
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    rounded: Integers = (values + half) >> shift
    return rounded


def round_away(values: Integers, shift: Integers) -> Integers:
    """values / 2**shift to the nearest, halves away from zero."""
    mask = (np.int64(1) << shift) - 1
    rounded: Integers = (values >> shift) + ((values & mask) > (mask >> 1) + (values < 0))
    return rounded


def _round_as_tflite(product: Integers, shift: Integers) -> Integers:
    if np.all(shift < _HIGH_BITS):
        return round_up(product, shift)
    high = (product + (1 << (_HIGH_BITS - 1))) >> _HIGH_BITS
    twice = round_away(high, np.maximum(shift - _HIGH_BITS, 0))
    if np.all(shift >= _HIGH_BITS):
        return twice
    return np.where(shift >= _HIGH_BITS, twice, round_up(product, np.minimum(shift, 30)))


def _scale_exactly(
    values: Integers, mantissa: Integers, shift: Integers, rounding: Rounding
) -> Integers:
    """The same with Python's integers, for products of more than 62 bits."""

    def one(value: int, factor: int, bits: int) -> int:
        product = int(value) * int(factor)
        bits = int(bits)
        if rounding is Rounding.TRUNCATE:
            return product >> bits if product >= 0 else -(-product >> bits)
        if rounding is Rounding.NATURAL or bits < _HIGH_BITS:
            return (product + (1 << bits >> 1)) >> bits
        high, rest = (product + (1 << 30)) >> _HIGH_BITS, bits - _HIGH_BITS
        return high >> rest if not rest else _away(high, rest)

    shapes = np.broadcast_arrays(values, mantissa, shift)
    exact = [one(*each) for each in zip(*(array.ravel() for array in shapes), strict=True)]
    wrapped = [(value + 2**63) % 2**64 - 2**63 for value in exact]
    return np.array(wrapped, np.int64).reshape(shapes[0].shape)


def _away(value: int, bits: int) -> int:
    half = 1 << bits >> 1
    return (value + half) >> bits if value >= 0 else -((-value + half) >> bits)
