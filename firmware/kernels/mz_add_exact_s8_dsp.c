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
    const int8_t *const a = params->turned ? second : first;
    const int8_t *const b = params->turned ? first : second;
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        /* From where the table begins. */
        const uint32_t x = mz_word_load(a + i), y = mz_word_load(b + i) ^ 0x80808080u;
        const int32_t first_sum = unit * (int8_t)x + others[y & 0xFFu];
        const int32_t third_sum = unit * (int8_t)(x >> 16) + others[y >> 16 & 0xFFu];
        const uint32_t even =
            mz_pair_firsts(mz_output_of_twice(first_sum, multiplier, offset, shift),
                           mz_output_of_twice(third_sum, multiplier, offset, shift));
        const int32_t second_sum = unit * (int8_t)(x >> 8) + others[y >> 8 & 0xFFu];
        const int32_t fourth_sum = unit * (int8_t)(x >> 24) + others[y >> 24];
        const uint32_t odd =
            mz_pair_firsts(mz_output_of_twice(second_sum, multiplier, offset, shift),
                           mz_output_of_twice(fourth_sum, multiplier, offset, shift));
        mz_word_store(output + i, mz_pair_outputs(even, odd));
    }
    for (; i < count; i++) {
        const int32_t sum = unit * a[i] + others[b[i] + 128];
        const uint32_t found = mz_output_of_twice(sum, multiplier, offset, shift);
        output[i] = (int8_t)mz_saturated((int32_t)found - 128);
    }
    mz_clamp_outputs(output, count, params->minimum, params->maximum);
}

void mz_add_exact_s8_dsp(const mz_add_exact_s8_dsp_params *params, const int8_t *first,
                         const int8_t *second, int8_t *output) {
    mz_broadcast(params, first, second, output, add);
}
