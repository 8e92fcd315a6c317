/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_maximum_s8.h"

#include "kernels/mz_four.h"

static void maximum(const void *of, const int8_t *first, const int8_t *second, int8_t *output,
                    int32_t count) {
    const mz_maximum_params *const params = of;
    const int32_t flip = params->flip;
    int32_t i = 0;
#if MZ_HAS_FOUR
    for (; i + 4 <= count; i += 4) {
        const uint32_t one = mz_word_load(first + i), other = mz_word_load(second + i);
        mz_word_store(output + i, flip ? mz_four_smaller(one, other) : mz_four_larger(one, other));
    }
#endif
    for (; i < count; i++) {
        const int32_t one = first[i] ^ flip, other = second[i] ^ flip;
        output[i] = (int8_t)((one > other ? one : other) ^ flip);
    }
}

void mz_maximum_s8(const mz_maximum_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output) {
    mz_broadcast(params, first, second, output, maximum);
}
