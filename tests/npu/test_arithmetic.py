"""Scaling and rounding beside TFLite's fixed point and Python's integers."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.graph.fixedpoint import multiply_by_quantized_multiplier
from mcuzoo.npu.arithmetic import round_away, saturated, scale
from mcuzoo.npu.elementwise import leading_zeros
from mcuzoo.npu.operations import Rounding

INT32 = st.integers(-(2**31), 2**31 - 1)
MANTISSAS = st.integers(2**30, 2**31 - 1)


@given(st.lists(INT32, min_size=1, max_size=8), MANTISSAS, st.integers(0, 31))
def test_tfl_rounds_as_tflite(values: list[int], mantissa: int, right: int) -> None:
    given_ = np.array(values, np.int64)
    expected = multiply_by_quantized_multiplier(given_, mantissa, -right)
    assert scale(given_, mantissa, 31 + right, Rounding.TFL).tolist() == expected.tolist()


@given(st.integers(-(2**40), 2**40), st.integers(0, 2**32 - 1), st.integers(0, 63))
def test_natural_and_truncate_are_exact(value: int, mantissa: int, shift: int) -> None:
    exact = Fraction(value * mantissa, 1 << shift)
    given_ = np.array([value], np.int64)
    natural = scale(given_, mantissa, shift, Rounding.NATURAL)[0]
    truncated = scale(given_, mantissa, shift, Rounding.TRUNCATE)[0]
    if abs(exact) < 2**62:
        assert natural == floor(exact + Fraction(1, 2) if shift else exact)
        assert truncated == (floor(exact) if exact >= 0 else -floor(-exact))


def test_products_of_more_than_62_bits_round_as_others() -> None:
    """The same numbers by the exact way and by the quick one."""
    values = np.array([2**38 + 3, -(2**38) - 5, 12, -13], np.int64)
    for rounding in Rounding:
        whole = scale(values, 2**31 - 1, 40, rounding)
        single = [scale(values[place : place + 1], 2**31 - 1, 40, rounding)[0] for place in (2, 3)]
        assert whole[2:].tolist() == single


def test_shifts_per_channel() -> None:
    values = np.array([[1000, 1000, -1000]], np.int64)
    found = scale(values, np.array([2**30] * 3), np.array([30, 33, 33]), Rounding.TFL)
    assert found.tolist() == [[1000, 125, -125]]


def test_halves() -> None:
    assert round_away(np.array([3, -3, 5]), np.array(1)).tolist() == [2, -2, 3]
    assert scale(np.array([3, -3]), 1, 1, Rounding.NATURAL).tolist() == [2, -1]
    assert saturated(np.array([2**31, -(2**31) - 1, 5])).tolist() == [2**31 - 1, -(2**31), 5]


def test_leading_zeros() -> None:
    values = np.array([0, 1, 2, 2**30, 2**31 - 1, -1, -(2**31)], np.int64)
    assert leading_zeros(values).tolist() == [32, 31, 30, 1, 1, 0, 0]
