from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.graph.fixedpoint import (
    INT32_MAX,
    INT32_MIN,
    activation_range,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantize_multipliers,
    quantize_value,
    round_half_away,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
)

INT32 = st.integers(INT32_MIN, INT32_MAX)


def truncated(numerator: int, denominator: int) -> int:
    """C's integer division."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def high_mul_as_gemmlowp_writes_it(a: int, b: int) -> int:
    if a == b == INT32_MIN:
        return INT32_MAX
    nudge = 1 << 30 if a * b >= 0 else 1 - (1 << 30)
    return truncated(a * b + nudge, 1 << 31)


def divide_by_pot_as_gemmlowp_writes_it(x: int, exponent: int) -> int:
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if (x & mask) > threshold else 0)


@given(st.floats(1e-9, 1e9))
def test_multiplier_stands_for_the_real(real: float) -> None:
    mantissa, shift = quantize_multiplier(real)
    assert 1 << 30 <= mantissa <= INT32_MAX
    value = Fraction(mantissa) * Fraction(2) ** (shift - 31)
    assert abs(value - Fraction(real)) <= Fraction(2) ** (shift - 32)


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.0, (0, 0)),
        (1.0, (1 << 30, 1)),
        (0.5, (1 << 30, 0)),
        (0.25, (1 << 30, -1)),
        (1.0 - 2.0**-40, (1 << 30, 1)),  # rounds up to the next power of two
        (2.0**-32, (1 << 30, -31)),
        (2.0**-33, (0, 0)),  # flushed to zero
    ],
)
def test_multiplier_at_its_edges(real: float, expected: tuple[int, int]) -> None:
    assert quantize_multiplier(real) == expected


def test_many_multipliers() -> None:
    mantissas, shifts = quantize_multipliers(np.array([0.5, 3.0]))
    assert mantissas.tolist() == [1 << 30, 3 << 29]
    assert shifts.tolist() == [0, 2]
    assert mantissas.dtype == shifts.dtype == np.int32


@given(INT32, INT32)
def test_high_mul(a: int, b: int) -> None:
    result = rounding_doubling_high_mul(np.array([a]), np.array([b]))
    assert result.tolist() == [high_mul_as_gemmlowp_writes_it(a, b)]


@given(INT32, st.integers(0, 31))
def test_divide_by_pot(x: int, exponent: int) -> None:
    result = rounding_divide_by_pot(np.array([x]), exponent)
    assert result.tolist() == [divide_by_pot_as_gemmlowp_writes_it(x, exponent)]


@given(st.integers(-(2**20), 2**20), st.integers(1 << 30, INT32_MAX), st.integers(-31, 10))
def test_multiply(x: int, multiplier: int, shift: int) -> None:
    high = high_mul_as_gemmlowp_writes_it(x << max(shift, 0), multiplier)
    expected = divide_by_pot_as_gemmlowp_writes_it(high, max(-shift, 0))
    result = multiply_by_quantized_multiplier(np.array([x]), multiplier, shift)
    assert result.dtype == np.int32
    assert result.tolist() == [expected]


def test_multiply_per_channel() -> None:
    x = np.array([[100, 100], [-50, -50]])
    multipliers = np.array([1 << 30, 1 << 30], dtype=np.int32)
    result = multiply_by_quantized_multiplier(x, multipliers, np.array([0, 2], dtype=np.int32))
    assert result.tolist() == [[50, 200], [-25, -100]]


def test_left_shift_wraps_like_int32() -> None:
    result = multiply_by_quantized_multiplier(np.array([1 << 30]), 1 << 30, 2)
    assert result.tolist() == [0]


@pytest.mark.parametrize(
    ("value", "expected"), [(0.5, 1), (-0.5, -1), (1.4999, 1), (-2.5, -3), (2.5, 3), (0.0, 0)]
)
def test_halves_go_away_from_zero(value: float, expected: int) -> None:
    assert round_half_away(value) == expected


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("NONE", (-128, 127)),
        ("RELU", (-10, 127)),
        ("RELU6", (-10, 50)),
        ("RELU_N1_TO_1", (-20, 0)),
    ],
)
def test_activation_range(activation: str, expected: tuple[int, int]) -> None:
    assert activation_range(activation, scale=0.1, zero_point=-10) == expected


def test_activation_range_stays_within_int8() -> None:
    assert activation_range("RELU6", scale=0.001, zero_point=120) == (120, 127)


def test_quantize_value_divides_in_float32() -> None:
    assert quantize_value(6.0, 0.0235294122248888, -128) == 127
    with pytest.raises(KeyError):
        activation_range("TANH", 0.1, 0)
