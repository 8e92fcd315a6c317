/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_l2_normalization_s8.h"

#include "kernels/mz_fixedpoint.h"
#include "kernels/mz_pairs.h"

/* From values around 1 to outputs in 1/128. */
#define OUTPUT_SHIFT 7
/* In Q3.28. */
#define ONE ((int32_t)1 << 28)
#define ONE_AND_A_HALF (((int32_t)1 << 28) + ((int32_t)1 << 27))
/* In Q0.31. */
#define SQRT_HALF 1518500250

static int32_t times(int32_t a, int32_t b) {
    return mz_doubling_high_multiply(a, b);
}

/* x >= 0, times a power of two. */
static int32_t shifted(int32_t x, int32_t exponent) {
    return x > INT32_MAX >> exponent ? INT32_MAX : x << exponent;
}

/* The mantissa of 1 / sqrt(x), and in `shift` its power of two; 0 counts as 1. Five Newton-Raphson
 * steps from 1. */
static int32_t inverse_square_root(int32_t x, int32_t *shift) {
    *shift = 0;
    if (x <= 1) {
        return INT32_MAX;
    }
    int32_t right = 11;
    for (; x >= (int32_t)1 << 29; x /= 4) {
        right++;
    }
    for (; x < (int32_t)1 << 27; x *= 4) {
        right--;
    }
    const int32_t half = ((x >> 1) + 1) >> 1;
    int32_t root = ONE;
    for (int32_t step = 0; step < 5; step++) {
        const int32_t cube = shifted(times(times(root, root), root), 6);
        root = shifted(times(ONE_AND_A_HALF, root) - times(half, cube), 3);
    }
    root = times(root, SQRT_HALF);
    if (right < 0) {
        return root << -right;
    }
    *shift = -right;
    return root;
}

static void normalize_row(const mz_l2_normalization_params *params, const int8_t *input,
                          int8_t *output) {
    const int32_t depth = params->depth, zero_point = params->zero_point;
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; i++) {
        const int32_t value = input[i] - zero_point;
        sum += value * value;
    }
    int32_t shift;
    const int32_t multiplier = inverse_square_root(sum, &shift);
    const mz_scaling by = mz_scaling_of(multiplier, shift + OUTPUT_SHIFT);
    for (int32_t i = 0; i < depth; i++) {
        output[i] = (int8_t)mz_saturated(mz_scaled(input[i] - zero_point, &by));
    }
}

void mz_l2_normalization_s8(const mz_l2_normalization_params *params, const int8_t *input,
                            int8_t *output) {
    for (int32_t row = 0; row < params->rows; row++) {
        normalize_row(params, input, output);
        input += params->depth;
        output += params->depth;
    }
}
