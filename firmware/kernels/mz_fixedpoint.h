/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The fixed-point arithmetic that TensorFlow Lite Micro's int8 kernels are defined by: the ground
 * of mz_requantization.h, and all that kernels without sums of products need. Functions of their
 * arguments alone.
 *
 * A real multiplier is a mantissa in Q0.31 and a power of two: real = mantissa / 2^31 * 2^shift.
 * Applying it rounds twice, as gemmlowp does; rounding once differs in a few cases of a hundred.
 * The forms named small are the same functions on half the range in fewer instructions. */
#ifndef MZ_FIXEDPOINT_H
#define MZ_FIXEDPOINT_H

#include <stdint.h>

/* round(a * b / 2^31), halves up. Not for a == b == INT32_MIN. */
static inline int32_t mz_doubling_high_multiply(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* For |a| < 2^30: the high word of one long multiply-accumulate. */
static inline int32_t mz_doubling_high_multiply_small(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)(2 * a) * b + ((int64_t)1 << 31)) >> 32);
}

/* round(x / 2^exponent), halves away from zero; exponent is 0..31. */
static inline int32_t mz_divide_by_power_of_two(int32_t x, int32_t exponent) {
    const int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1u);
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + ((x & mask) > threshold);
}

/* For |x| <= 2^30 and an exponent of 1..31. */
static inline int32_t mz_divide_by_power_of_two_small(int32_t x, int32_t exponent) {
    const int32_t half = (int32_t)1 << (exponent - 1);
    return (x - (x < 0) + half) >> exponent;
}

/* x times a real multiplier; shift is -31..30, positive is to the left. |x| < 2^30, and still so
 * after a shift to the left. */
static inline int32_t mz_multiply_by_quantized(int32_t x, int32_t multiplier, int32_t shift) {
    const int32_t shifted = shift > 0 ? x * ((int32_t)1 << shift) : x;
    const int32_t product = mz_doubling_high_multiply_small(shifted, multiplier);
    return shift >= 0 ? product : mz_divide_by_power_of_two_small(product, -shift);
}

/* The same for any x that still fits into 32 bits after a shift to the left. */
static inline int32_t mz_multiply_by_quantized_wide(int32_t x, int32_t multiplier, int32_t shift) {
    const int32_t shifted = shift > 0 ? x * ((int32_t)1 << shift) : x;
    const int32_t product = mz_doubling_high_multiply(shifted, multiplier);
    return shift >= 0 ? product : mz_divide_by_power_of_two(product, -shift);
}

/* x, or the bound that it is beyond. */
static inline int32_t mz_clamp(int32_t x, int32_t minimum, int32_t maximum) {
    x = x < minimum ? minimum : x;
    return x > maximum ? maximum : x;
}

#endif
