/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_softmax_s8.h"

#include "kernels/mz_reciprocal.h"

/* The sum of exponentials is kept in Q12.19. */
#define SUM_INTEGER_BITS 12
/* From Q0.31 to outputs in 1/256. */
#define OUTPUT_SHIFT (31 - 8)

/* What an element at this distance below the maximum becomes. */
static int8_t share_of(int32_t exponential, int32_t scale, int32_t shift) {
    const int32_t share = mz_doubling_high_multiply(scale, exponential);
    /* From a sum of 512 on every share rounds to 0; the reference stops there. */
    const int32_t rounded = shift > 31 ? 0 : mz_divide_by_power_of_two(share, shift);
    return (int8_t)mz_clamp(rounded + INT8_MIN, INT8_MIN, INT8_MAX);
}

static void softmax_row(const int32_t *exponentials, const int8_t *input, int32_t depth,
                        int8_t *output) {
    int32_t maximum = INT8_MIN;
    for (int32_t i = 0; i < depth; i++) {
        maximum = input[i] > maximum ? input[i] : maximum;
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; i++) {
        /* Exponentials are not negative, so halves go up. */
        const uint32_t exponential = (uint32_t)exponentials[maximum - input[i]];
        sum += (int32_t)((exponential + (1u << (SUM_INTEGER_BITS - 1))) >> SUM_INTEGER_BITS);
    }
    const int32_t headroom = mz_leading_zeros((uint32_t)sum);
    const int32_t scale = mz_half_reciprocal((int32_t)(((uint32_t)sum << headroom) >> 1));
    const int32_t shift = SUM_INTEGER_BITS - headroom + OUTPUT_SHIFT;
    if (depth < MZ_SOFTMAX_EXPONENTIALS) {
        for (int32_t i = 0; i < depth; i++) {
            output[i] = share_of(exponentials[maximum - input[i]], scale, shift);
        }
        return;
    }
    /* More elements than distances: every distance once. */
    int8_t shares[MZ_SOFTMAX_EXPONENTIALS];
    for (int32_t distance = 0; distance < MZ_SOFTMAX_EXPONENTIALS; distance++) {
        shares[distance] = share_of(exponentials[distance], scale, shift);
    }
    for (int32_t i = 0; i < depth; i++) {
        output[i] = shares[maximum - input[i]];
    }
}

void mz_softmax_s8(const mz_softmax_params *params, const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < params->rows; row++) {
        softmax_row(params->exponentials, input, params->depth, output);
        input += params->depth;
        output += params->depth;
    }
}
