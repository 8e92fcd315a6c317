/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_squared_difference_s8_dsp.h"

#include "kernels/mz_pairs.h"

/* Of the operand with the larger scale. */
#define UNIT 64

/* An output + 128, before it is saturated. */
static inline uint32_t output_of(int32_t difference, int32_t multiplier, int32_t offset,
                                 int32_t shift) {
    return (uint32_t)(mz_high_product(difference * difference, multiplier, offset) >> shift);
}

static void squares(const void *of, const int8_t *first, const int8_t *second, int8_t *output,
                    int32_t count) {
    const mz_squared_difference_s8_dsp_params *const params = of;
    const int32_t multiplier = params->multiplier, offset = params->offset, shift = params->shift;
    const int16_t *const others = params->others;
    const int32_t bytes = count & ~3, left = count & 3;
    const int8_t *const a = (params->turned ? second : first) + bytes;
    const int8_t *const b = (params->turned ? first : second) + bytes;
    int8_t *const to = output + bytes;
    /* One index, up to zero, for all. */
    for (int32_t i = -bytes; i != 0; i += 4) {
        /* From where the table begins. */
        const uint32_t y = mz_word_load(b + i) ^ 0x80808080u;
        const uint32_t x = mz_word_load(a + i);
        const uint32_t x_even = mz_pair_even(x);
        const uint32_t even = mz_pair_firsts(
            output_of(mz_pair_first_times(x_even, UNIT, others[y & 0xFFu]), multiplier, offset,
                      shift),
            output_of(mz_pair_second_times(x_even, UNIT, others[y >> 16 & 0xFFu]), multiplier,
                      offset, shift));
        const uint32_t x_odd = mz_pair_odd(x);
        const uint32_t odd = mz_pair_firsts(
            output_of(mz_pair_first_times(x_odd, UNIT, others[y >> 8 & 0xFFu]), multiplier, offset,
                      shift),
            output_of(mz_pair_second_times(x_odd, UNIT, others[y >> 24]), multiplier, offset,
                      shift));
        mz_word_store(to + i, mz_pair_outputs(even, odd));
    }
    for (int32_t i = 0; i < left; i++) {
        const uint32_t found =
            output_of(UNIT * a[i] + others[b[i] + 128], multiplier, offset, shift);
        to[i] = (int8_t)mz_saturated((int32_t)found - 128);
    }
}

void mz_squared_difference_s8_dsp(const mz_squared_difference_s8_dsp_params *params,
                                  const int8_t *first, const int8_t *second, int8_t *output) {
    mz_broadcast(params, first, second, output, squares);
}
