/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_maximum_s8.h"

#include "kernels/mz_four.h"

static void maximum_row(const void *of, const int8_t *first, const int8_t *second,
                        int8_t *output) {
    const mz_maximum_params *const params = of;
    const int32_t size = params->sizes[3], flip = params->flip;
    const int32_t a = params->first_strides[3], b = params->second_strides[3];
    int32_t i = 0;
#if MZ_HAS_FOUR
    int8_t first_four[4], second_four[4];
    int32_t a_step, b_step;
    const int8_t *x = mz_broadcast_fours(first, params->first_strides, first_four, &a_step);
    const int8_t *y = mz_broadcast_fours(second, params->second_strides, second_four, &b_step);
    for (; i + 4 <= size; i += 4, x += a_step, y += b_step) {
        const uint32_t one = mz_word_load(x), other = mz_word_load(y);
        mz_word_store(output + i, flip ? mz_four_smaller(one, other) : mz_four_larger(one, other));
    }
#endif
    for (; i < size; i++) {
        const int32_t one = first[i * a] ^ flip, other = second[i * b] ^ flip;
        output[i] = (int8_t)((one > other ? one : other) ^ flip);
    }
}

void mz_maximum_s8(const mz_maximum_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output) {
    mz_broadcast(params->sizes, params->first_strides, params->second_strides, first, second,
                 output, maximum_row, params);
}
