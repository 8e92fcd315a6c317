/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_mul_s8_dsp.h"

#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

/* `bytes` products, a multiple of four and not 0. An output + 128 fits into 16 bits before it is
 * saturated: a product has 17 of them, and the multiplier is less than a half. */
static __attribute__((noinline)) void multiply_fours(const mz_mul_s8_dsp_params *params,
                                                     const int8_t *a, const int8_t *b,
                                                     int8_t *output, int32_t bytes) {
    const int32_t multiplier = params->multiplier, offset = params->offset, shift = params->shift;
    const uint32_t x_zero = mz_pair_of(-2 * params->first_zero_point);
    const uint32_t y_zero = mz_pair_of(-params->second_zero_point);
    /* One index, up to zero, for all. */
    a += bytes, b += bytes, output += bytes;
    for (int32_t i = -bytes; i != 0; i += 4) {
        const uint32_t x = mz_word_load(a + i), y = mz_word_load(b + i);
        const uint32_t x_even = mz_pair_add_even(mz_pair_add_even(x_zero, x), x);
        const uint32_t y_even = mz_pair_add_even(y_zero, y);
        const uint32_t even = mz_pair_firsts(
            mz_output_of_twice(mz_pair_first(x_even) * mz_pair_first(y_even), multiplier, offset,
                            shift),
            mz_output_of_twice(mz_pair_second(x_even) * mz_pair_second(y_even), multiplier, offset,
                            shift));
        const uint32_t x_odd = mz_pair_add_odd(mz_pair_add_odd(x_zero, x), x);
        const uint32_t y_odd = mz_pair_add_odd(y_zero, y);
        const uint32_t odd = mz_pair_firsts(
            mz_output_of_twice(mz_pair_first(x_odd) * mz_pair_first(y_odd), multiplier, offset,
                            shift),
            mz_output_of_twice(mz_pair_second(x_odd) * mz_pair_second(y_odd), multiplier, offset,
                            shift));
        mz_word_store(output + i, mz_pair_outputs(even, odd));
    }
}

static void multiply(const void *of, const int8_t *first, const int8_t *second, int8_t *output,
                     int32_t count) {
    const mz_mul_s8_dsp_params *const params = of;
    const int32_t bytes = count & ~3;
    if (bytes > 0) {
        multiply_fours(params, first, second, output, bytes);
    }
    for (int32_t i = bytes; i < count; i++) {
        const int32_t twice =
            2 * (first[i] - params->first_zero_point) * (second[i] - params->second_zero_point);
        const uint32_t found =
            mz_output_of_twice(twice, params->multiplier, params->offset, params->shift);
        output[i] = (int8_t)mz_saturated((int32_t)found - 128);
    }
    mz_clamp_outputs(output, count, params->minimum, params->maximum);
}

void mz_mul_s8_dsp(const mz_mul_s8_dsp_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output) {
    mz_broadcast(params, first, second, output, multiply);
}
