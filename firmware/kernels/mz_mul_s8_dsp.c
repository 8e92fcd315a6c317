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

/* Four products as outputs: of the even values and of the odd ones. */
static inline uint32_t four(uint32_t x_even, uint32_t x_odd, uint32_t y_even, uint32_t y_odd,
                            int32_t multiplier, int32_t offset, int32_t shift) {
    const uint32_t even = mz_pair_firsts(
        scaled(mz_pair_first(x_even) * mz_pair_first(y_even), multiplier, offset, shift),
        scaled(mz_pair_second(x_even) * mz_pair_second(y_even), multiplier, offset, shift));
    const uint32_t odd = mz_pair_firsts(
        scaled(mz_pair_first(x_odd) * mz_pair_first(y_odd), multiplier, offset, shift),
        scaled(mz_pair_second(x_odd) * mz_pair_second(y_odd), multiplier, offset, shift));
    return mz_pair_bytes(mz_pair_saturated(even), mz_pair_saturated(odd));
}

/* `bytes` products, a multiple of four and not 0. */
static __attribute__((noinline)) void multiply(const mz_mul_s8_dsp_params *params, const int8_t *a,
                                               int32_t a_zero_point, const int8_t *b,
                                               int32_t b_zero_point, int8_t *output,
                                               int32_t bytes) {
    const int32_t multiplier = params->multiplier, offset = params->offset, shift = params->shift;
    const uint32_t x_zero = mz_pair_of(-a_zero_point), y_zero = mz_pair_of(-b_zero_point);
    /* One index, up to zero, for all. */
    a += bytes, b += bytes, output += bytes;
    for (int32_t i = -bytes; i != 0; i += 4) {
        const uint32_t x = mz_word_load(a + i), y = mz_word_load(b + i);
        mz_word_store(output + i,
                      four(mz_pair_add_even(x_zero, x), mz_pair_add_odd(x_zero, x),
                           mz_pair_add_even(y_zero, y), mz_pair_add_odd(y_zero, y), multiplier,
                           offset, shift));
    }
}

/* The same with one value less its zero point. */
static __attribute__((noinline)) void multiply_by(const mz_mul_s8_dsp_params *params,
                                                  const int8_t *a, int32_t a_zero_point,
                                                  int32_t value, int8_t *output, int32_t bytes) {
    const int32_t multiplier = params->multiplier, offset = params->offset, shift = params->shift;
    const uint32_t x_zero = mz_pair_of(-a_zero_point), y = mz_pair_of(value);
    for (int32_t i = 0; i < bytes; i += 4) {
        const uint32_t x = mz_word_load(a + i);
        mz_word_store(output + i, four(mz_pair_add_even(x_zero, x), mz_pair_add_odd(x_zero, x), y,
                                       y, multiplier, offset, shift));
    }
}

static void multiply_row(const void *of, const int8_t *first, const int8_t *second,
                         int8_t *output) {
    const mz_mul_s8_dsp_params *const params = of;
    const int32_t count = params->sizes[MZ_BROADCAST_RANK - 1], bytes = count & ~3;
    const int32_t a_step = params->first_strides[MZ_BROADCAST_RANK - 1];
    const int32_t b_step = params->second_strides[MZ_BROADCAST_RANK - 1];
    const int32_t a_zero = params->first_zero_point, b_zero = params->second_zero_point;
    if (bytes > 0 && a_step != 0 && b_step != 0) {
        multiply(params, first, a_zero, second, b_zero, output, bytes);
    } else if (bytes > 0 && a_step != 0) {
        multiply_by(params, first, a_zero, *second - b_zero, output, bytes);
    } else if (bytes > 0) {
        multiply_by(params, second, b_zero, *first - a_zero, output, bytes);
    }
    for (int32_t i = bytes; i < count; i++) {
        const int32_t product = (first[i * a_step] - a_zero) * (second[i * b_step] - b_zero);
        output[i] = (int8_t)mz_saturated(
            (int32_t)scaled(product, params->multiplier, params->offset, params->shift));
    }
    mz_clamp_outputs(output, count, params->minimum, params->maximum);
}

void mz_mul_s8_dsp(const mz_mul_s8_dsp_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output) {
    mz_broadcast(params->sizes, params->first_strides, params->second_strides, first, second,
                 output, multiply_row, params);
}
