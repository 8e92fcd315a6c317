/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_mul_s8_dsp.h"

#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

/* One product as an output before it is saturated. It fits into 16 bits: a product has 17 of them,
 * and the multiplier is less than a half. */
static inline uint32_t scaled(int32_t product, int32_t multiplier, int32_t offset, int32_t shift) {
    const int32_t sum = product * 256;
    return (uint32_t)(mz_high_product(sum, multiplier, offset + (sum >> 31) * 128) >> shift);
}

static void multiply_row(const void *of, const int8_t *first, const int8_t *second,
                         int8_t *output) {
    const mz_mul_s8_dsp_params *const params = of;
    const int32_t count = params->sizes[MZ_BROADCAST_RANK - 1];
    const int32_t multiplier = params->multiplier, offset = params->offset, shift = params->shift;
    const uint32_t a_zero = mz_pair_of(-params->first_zero_point);
    const uint32_t b_zero = mz_pair_of(-params->second_zero_point);
    int8_t first_four[4], second_four[4];
    int32_t a_step, b_step;
    const int8_t *a = mz_broadcast_fours(first, params->first_strides, first_four, &a_step);
    const int8_t *b = mz_broadcast_fours(second, params->second_strides, second_four, &b_step);
    int32_t i = 0;
    for (; i + 4 <= count; i += 4, a += a_step, b += b_step) {
        const uint32_t x = mz_word_load(a), y = mz_word_load(b);
        const uint32_t x_even = mz_pair_add_even(a_zero, x), y_even = mz_pair_add_even(b_zero, y);
        const uint32_t x_odd = mz_pair_add_odd(a_zero, x), y_odd = mz_pair_add_odd(b_zero, y);
        const uint32_t even =
            mz_pair_firsts(scaled(mz_pair_first(x_even) * mz_pair_first(y_even), multiplier,
                                  offset, shift),
                           scaled(mz_pair_second(x_even) * mz_pair_second(y_even), multiplier,
                                  offset, shift));
        const uint32_t odd =
            mz_pair_firsts(scaled(mz_pair_first(x_odd) * mz_pair_first(y_odd), multiplier, offset,
                                  shift),
                           scaled(mz_pair_second(x_odd) * mz_pair_second(y_odd), multiplier,
                                  offset, shift));
        mz_word_store(output + i,
                      mz_pair_bytes(mz_pair_saturated(even), mz_pair_saturated(odd)));
    }
    for (; i < count; i++, a += a_step / 4, b += b_step / 4) {
        const int32_t product =
            (*a - params->first_zero_point) * (*b - params->second_zero_point);
        output[i] = (int8_t)mz_saturated((int32_t)scaled(product, multiplier, offset, shift));
    }
    mz_clamp_outputs(output, count, params->minimum, params->maximum);
}

void mz_mul_s8_dsp(const mz_mul_s8_dsp_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output) {
    mz_broadcast(params->sizes, params->first_strides, params->second_strides, first, second,
                 output, multiply_row, params);
}
