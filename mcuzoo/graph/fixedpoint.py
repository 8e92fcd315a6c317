"""The fixed-point arithmetic of TFLite's integer kernels, as TFLM computes it.

A real factor is held as `mantissa * 2**(shift - 31)` with an int32 mantissa. Applying it rounds
twice: once in the doubling high multiply, once in the right shift (gemmlowp's arithmetic, TFLite's
default where TFLITE_SINGLE_ROUNDING is not set). Functions on arrays take and return int32 of any
shape; intermediate values are int64, and left shifts wrap as int32 does in C.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)

# exp(-1/4), exp(-1/2), exp(-1), ... exp(-16) in Q0.31.
_EXPONENTIALS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_EXP_OF_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
_NEWTON_START, _NEWTON_SLOPE = 1515870810, -1010580540  # 48/17 and -32/17 in Q2.29

ACTIVATION_REAL_RANGE: dict[str, tuple[float | None, float | None]] = {
    "NONE": (None, None),
    "RELU": (0.0, None),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


# A plan asks for those of the same channels again and again.
@lru_cache(maxsize=1 << 15)
def quantize_multiplier(real: float) -> tuple[int, int]:
    """The (mantissa, shift) that stands for `real >= 0`: mantissa * 2**(shift - 31).

    The mantissa is 0 or in [2**30, 2**31 - 1]; a positive shift is a left shift. Factors below
    2**-32 or so become (0, 0). Same as tflite::QuantizeMultiplier (quantization_util.cc).
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    mantissa = round_half_away(fraction * 2**31)
    if mantissa == 2**31:
        mantissa //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return mantissa, shift


def quantize_multipliers(reals: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`quantize_multiplier` for each of a float64 (n,): int32 (n,) mantissas and shifts."""
    pairs = [quantize_multiplier(float(real)) for real in reals]
    mantissas, shifts = zip(*pairs, strict=True)
    return np.array(mantissas, dtype=np.int32), np.array(shifts, dtype=np.int32)


def round_half_away(value: float) -> int:
    """To the nearest integer, halves away from zero, as C's round()."""
    whole = math.floor(abs(value))
    whole += abs(value) - whole >= 0.5
    return -whole if value < 0 else whole


def rounding_doubling_high_mul(a: NDArray[Any], b: NDArray[Any] | int) -> NDArray[np.int64]:
    """(a * b) / 2**31, rounded to nearest, halves up; saturates at -2**31 * -2**31.

    `a`, `b`: int32 values in any integer dtype. gemmlowp's SaturatingRoundingDoublingHighMul; its
    nudge by sign followed by a truncating division equals one floor of (a * b + 2**30) / 2**31.
    """
    product = np.asarray(a, dtype=np.int64) * np.asarray(b, dtype=np.int64)
    high: NDArray[np.int64] = np.minimum((product + (1 << 30)) >> 31, INT32_MAX)
    return high


def rounding_divide_by_pot(x: NDArray[Any], exponent: NDArray[Any] | int) -> NDArray[np.int64]:
    """x / 2**exponent, rounded to nearest, halves away from zero (gemmlowp).

    `x`: int32 values in any integer dtype; exponent: 0..62.
    """
    wide = np.asarray(x, dtype=np.int64)
    power = np.asarray(exponent, dtype=np.int64)
    mask = (np.int64(1) << power) - 1
    threshold = (mask >> 1) + (wide < 0)
    rounded: NDArray[np.int64] = (wide >> power) + ((wide & mask) > threshold)
    return rounded


def wrap_int32(x: NDArray[Any]) -> NDArray[np.int32]:
    """Keep the low 32 bits, as a C int does in practice."""
    return np.asarray(x, dtype=np.int64).astype(np.int32)


def multiply_by_quantized_multiplier(
    x: NDArray[Any], multiplier: NDArray[np.int32] | int, shift: NDArray[np.int32] | int
) -> NDArray[np.int32]:
    """x * multiplier * 2**(shift - 31), rounded twice as TFLM does.

    `x`: int32 values in any integer dtype and shape; `multiplier` and `shift` are scalars or
    broadcast against x (per channel: the last dimension). Returns int32.
    """
    power = np.asarray(shift, dtype=np.int64)
    left = np.maximum(power, 0)
    shifted = wrap_int32(np.asarray(x, dtype=np.int64) << left)
    scaled = rounding_doubling_high_mul(shifted, np.asarray(multiplier, dtype=np.int64))
    return rounding_divide_by_pot(scaled, np.maximum(-power, 0)).astype(np.int32)


def multiply_rounded_once(
    x: NDArray[Any], multiplier: NDArray[np.int32] | int, shift: NDArray[np.int32] | int
) -> NDArray[np.int32]:
    """The same, rounded once: to nearest, halves up. Same as TFLite's
    MultiplyByQuantizedMultiplier with TFLITE_SINGLE_ROUNDING (kernels/internal/common.h)."""
    total = 31 - np.asarray(shift, dtype=np.int64)
    product = np.asarray(wrap_int32(x), dtype=np.int64) * np.asarray(multiplier, dtype=np.int64)
    rounded: NDArray[np.int64] = (product + (np.int64(1) << (total - 1))) >> total
    return np.clip(rounded, INT32_MIN, INT32_MAX).astype(np.int32)


def quantize_value(real: float, scale: float, zero_point: int) -> int:
    """zero_point + round(real / scale), the division in float32, halves away from zero."""
    return zero_point + round_half_away(float(np.float32(real) / np.float32(scale)))


def activation_range(activation: str, scale: float, zero_point: int) -> tuple[int, int]:
    """The int8 (min, max) that a fused activation leaves of an output of this quantization.

    Raises KeyError for an activation that has no integer form here (TANH, SIGN_BIT).
    """
    low, high = ACTIVATION_REAL_RANGE[activation]
    minimum = -128 if low is None else max(-128, quantize_value(low, scale, zero_point))
    maximum = 127 if high is None else min(127, quantize_value(high, scale, zero_point))
    return minimum, maximum


def exp_of_negative(x: NDArray[np.int64], integer_bits: int) -> NDArray[np.int64]:
    """exp(x) in Q0.31 for x <= 0 with `integer_bits` (5 at the most) before the point and the sign.

    x is split into -1/4 <= fraction < 0, whose exponential is a Taylor polynomial about -1/8, and
    multiples of 1/4, whose exponentials are multiplied in bit by bit (gemmlowp's fixedpoint.h).
    """
    quarter = 1 << (29 - integer_bits)
    fraction = (x & (quarter - 1)) - quarter
    result = _exp_near_minus_eighth(fraction << integer_bits)
    remainder = fraction - x
    for power in range(integer_bits + 2):
        multiplied = rounding_doubling_high_mul(result, _EXPONENTIALS[power])
        result = np.where(remainder & (quarter << power), multiplied, result)
    return np.where(x == 0, INT32_MAX, result)


def _exp_near_minus_eighth(a: NDArray[np.int64]) -> NDArray[np.int64]:
    mul = rounding_doubling_high_mul
    x = a + (1 << 28)
    x2 = mul(x, x)
    x3, x4 = mul(x2, x), mul(x2, x2)
    tail = mul(rounding_divide_by_pot(x4, 2) + x3, _ONE_THIRD) + x2
    factor = np.full_like(x, _EXP_OF_MINUS_EIGHTH)
    return factor + mul(factor, x + rounding_divide_by_pot(tail, 1))


def one_over_one_plus(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """1 / (1 + x), both in Q0.31, for 0 <= x < 1."""
    quotient: NDArray[np.int64] = np.minimum(_two_over_one_plus(x) << 1, INT32_MAX)
    return quotient


def one_minus_over_one_plus(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """(1 - x) / (1 + x), both in Q0.31, for 0 <= x < 1."""
    return saturating_shift_left(_two_over_one_plus(x) - (1 << 29), 2)


def _two_over_one_plus(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """2 / (1 + x) in Q2.29, x in Q0.31, by three Newton-Raphson steps (gemmlowp)."""
    mul = rounding_doubling_high_mul
    half_denominator = (x + INT32_MAX + 1) >> 1
    estimate = _NEWTON_START + mul(half_denominator, _NEWTON_SLOPE)
    for _ in range(3):
        error = (1 << 29) - mul(half_denominator, estimate)
        estimate = estimate + (mul(estimate, error) << 2)
    return estimate


def saturating_shift_left(x: NDArray[Any], exponent: int) -> NDArray[np.int64]:
    """x * 2**exponent, or the int32 bound that it is beyond.

    gemmlowp's SaturatingRoundingMultiplyByPOT, whose lower threshold is one short of the bound.
    """
    wide = np.asarray(x, dtype=np.int64)
    threshold = (1 << (31 - exponent)) - 1
    return np.select(
        (wide > threshold, wide < -threshold), (INT32_MAX, INT32_MIN), wide << exponent
    )


_HALF_SQRT_2 = 1518500250
_ONE, _ONE_AND_A_HALF = 1 << 28, (1 << 28) + (1 << 27)  # in Q3.28


def inverse_square_root(value: int) -> tuple[int, int]:
    """1 / sqrt(value) as the (mantissa, shift) of a factor; `value` is an int32 that is not
    negative, and 0 counts as 1.

    Five Newton-Raphson steps from 1; same as TFLite's GetInvSqrtQuantizedMultiplierExp with
    reverse_shift -1.
    """
    if value <= 1:
        return INT32_MAX, 0
    right = 11
    while value >= 1 << 29:
        value //= 4
        right += 1
    pairs = (31 - value.bit_length()) // 2 - 1
    argument = value << (2 * pairs) >> 1
    half = (argument + 1) >> 1
    x = _ONE
    for _ in range(5):
        cube = min(_product(_product(x, x), x) << 6, INT32_MAX)
        x = min((_product(_ONE_AND_A_HALF, x) - _product(half, cube)) << 3, INT32_MAX)
    mantissa, right = _product(x, _HALF_SQRT_2), right - pairs
    return (mantissa << -right, 0) if right < 0 else (mantissa, -right)


def _product(a: int, b: int) -> int:
    """`rounding_doubling_high_mul` of two integers that are not negative."""
    return (a * b + (1 << 30)) >> 31
