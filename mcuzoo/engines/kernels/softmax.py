"""SOFTMAX over the last dimension, in gemmlowp's fixed point.

Values below 1 are held in Q0.31, sums of exponentials in Q12.19, differences in Q5.26. Sources:
tensorflow/lite/kernels/internal/reference/softmax.h and gemmlowp's fixedpoint.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcuzoo.engines.kernels.kernel import Kernel, given
from mcuzoo.graph.fixedpoint import (
    INT32_MAX,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
)
from mcuzoo.graph.model import Model, Op
from mcuzoo.graph.parameters import SOFTMAX_DIFFERENCE_BITS, SoftmaxParameters, softmax_parameters

SUM_INTEGER_BITS = 12
FRACTION_BITS = 31 - SOFTMAX_DIFFERENCE_BITS
# (bit of the remainder in Q5.26, exp(-that) in Q0.31), for 1/4, 1/2, 1, 2, 4, 8, 16.
BARREL = tuple(
    (1 << (FRACTION_BITS + power), factor)
    for power, factor in zip(
        range(-2, 5),
        (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242),
        strict=True,
    )
)
EXP_OF_MINUS_EIGHTH = 1895147668
ONE_THIRD = 715827883
NEWTON_START, NEWTON_SLOPE = 1515870810, -1010580540  # 48/17 and -32/17 in Q2.29


def softmax(model: Model, op: Op) -> Kernel:
    exponentials = exponential_table(softmax_parameters(model, op))

    def run(inputs: Sequence[NDArray[Any] | None]) -> NDArray[np.int8]:
        values = given(inputs, 0)
        rows = values.reshape(-1, values.shape[-1]).astype(np.int64)
        below = rows.max(axis=1, keepdims=True) - rows
        exps = exponentials[below]
        sums = rounding_divide_by_pot(exps, SUM_INTEGER_BITS).sum(axis=1, keepdims=True)
        reciprocals, bits = _reciprocal(sums)
        shares = rounding_doubling_high_mul(reciprocals, exps)
        output = rounding_divide_by_pot(shares, bits + 31 - 8) - 128
        return np.clip(output, -128, 127).astype(np.int8).reshape(values.shape)

    return run


def exponential_table(parameters: SoftmaxParameters) -> NDArray[np.int64]:
    """int64 (256,), Q0.31: exp(-beta * scale * d) for the distances d = 0..255 to the maximum."""
    differences = -np.arange(256, dtype=np.int64)
    used = differences >= parameters.difference_min
    kept = np.where(used, differences, 0)
    scaled = rounding_doubling_high_mul(kept << parameters.shift, parameters.multiplier)
    return np.where(used, exp_of_negative(scaled), 0)


def exp_of_negative(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """exp(x) in Q0.31 for x <= 0 in Q5.26.

    x is split into -1/4 <= fraction < 0, whose exponential is a Taylor polynomial about -1/8, and
    multiples of 1/4, whose exponentials are multiplied in bit by bit.
    """
    quarter = 1 << (FRACTION_BITS - 2)
    fraction = (x & (quarter - 1)) - quarter
    result = _exp_near_minus_eighth(fraction << SOFTMAX_DIFFERENCE_BITS)
    remainder = fraction - x
    for bit, factor in BARREL:
        result = np.where(remainder & bit, rounding_doubling_high_mul(result, factor), result)
    return np.where(x == 0, INT32_MAX, result)


def _exp_near_minus_eighth(a: NDArray[np.int64]) -> NDArray[np.int64]:
    mul = rounding_doubling_high_mul
    x = a + (1 << 28)
    x2 = mul(x, x)
    x3, x4 = mul(x2, x), mul(x2, x2)
    tail = mul(rounding_divide_by_pot(x4, 2) + x3, ONE_THIRD) + x2
    factor = np.full_like(x, EXP_OF_MINUS_EIGHTH)
    return factor + mul(factor, x + rounding_divide_by_pot(tail, 1))


def _reciprocal(sums: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """1 / sum as (Q0.31 mantissa, bits that the sum lies above 1), by three Newton-Raphson steps.

    `sums` are Q12.19, between 1 and 4096.
    """
    mul = rounding_doubling_high_mul
    headroom = 32 - np.frexp(sums.astype(np.float64))[1].astype(np.int64)
    above_one = (sums << headroom) - (1 << 31)
    half_denominator = (above_one + INT32_MAX + 1) >> 1
    estimate = NEWTON_START + mul(half_denominator, NEWTON_SLOPE)
    for _ in range(3):
        error = (1 << 29) - mul(half_denominator, estimate)
        estimate = estimate + (mul(estimate, error) << 2)
    return np.minimum(estimate << 1, INT32_MAX), SUM_INTEGER_BITS - headroom
