/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_add_exact_s8_dsp.h"

#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

static void add(const void *of, const int8_t *first, const int8_t *second, int8_t *output,
                int32_t count) {
    const mz_add_exact_s8_dsp_params *const params = of;
    const int32_t multiplier = params->multiplier, offset = params->offset, shift = params->shift;
    const int32_t unit = params->unit;
    const int32_t *const others = params->others;
    const int32_t bytes = count & ~3, left = count & 3;
    const int8_t *const a = (params->turned ? second : first) + bytes;
    const int8_t *const b = (params->turned ? first : second) + bytes;
    int8_t *const to = output + bytes;
    /* One index, up to zero, for all. */
    for (int32_t i = -bytes; i != 0; i += 4) {
        /* From where the table begins. */
        const uint32_t y = mz_word_load(b + i) ^ 0x80808080u;
        const uint32_t x = mz_word_load(a + i);
        /* 256 times two values. */
        const uint32_t x_even = x << 8 & 0xFF00FF00u, x_odd = x & 0xFF00FF00u;
        const int32_t first_sum = mz_pair_first_times(x_even, unit, others[y & 0xFFu]);
        const int32_t third_sum = mz_pair_second_times(x_even, unit, others[y >> 16 & 0xFFu]);
        const uint32_t even =
            mz_pair_firsts(mz_output_of_twice(first_sum, multiplier, offset, shift),
                           mz_output_of_twice(third_sum, multiplier, offset, shift));
        const int32_t second_sum = mz_pair_first_times(x_odd, unit, others[y >> 8 & 0xFFu]);
        const int32_t fourth_sum = mz_pair_second_times(x_odd, unit, others[y >> 24]);
        const uint32_t odd =
            mz_pair_firsts(mz_output_of_twice(second_sum, multiplier, offset, shift),
                           mz_output_of_twice(fourth_sum, multiplier, offset, shift));
        mz_word_store(to + i, mz_pair_outputs(even, odd));
    }
    for (int32_t i = 0; i < left; i++) {
        const int32_t sum = 256 * a[i] * unit + others[b[i] + 128];
        const uint32_t found = mz_output_of_twice(sum, multiplier, offset, shift);
        to[i] = (int8_t)mz_saturated((int32_t)found - 128);
    }
    mz_clamp_outputs(output, count, params->minimum, params->maximum);
}

void mz_add_exact_s8_dsp(const mz_add_exact_s8_dsp_params *params, const int8_t *first,
                         const int8_t *second, int8_t *output) {
    mz_broadcast(params, first, second, output, add);
}
