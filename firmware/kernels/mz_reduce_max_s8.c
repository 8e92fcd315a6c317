/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_reduce_max_s8.h"

#include "kernels/mz_four.h"

static int32_t greatest(const mz_reduce_max_params *params, const int8_t *input) {
    const mz_reduction_axis outer = params->reduced[0], inner = params->reduced[1];
    const int32_t flip = params->flip;
    int32_t most = INT8_MIN;
    for (int32_t i = 0; i < outer.size; i++) {
        for (int32_t j = 0; j < inner.size; j++) {
            const int32_t value = input[i * outer.stride + j * inner.stride] ^ flip;
            most = value > most ? value : most;
        }
    }
    return most ^ flip;
}

#if MZ_HAS_FOUR
/* The same of four neighbours. */
static uint32_t four_greatest(const mz_reduce_max_params *params, const int8_t *input) {
    const mz_reduction_axis outer = params->reduced[0], inner = params->reduced[1];
    const int32_t flip = params->flip;
    uint32_t most = mz_four_of(INT8_MIN ^ flip);
    for (int32_t i = 0; i < outer.size; i++, input += outer.stride) {
        const int8_t *values = input;
        for (int32_t j = inner.size; j > 0; j--, values += inner.stride) {
            const uint32_t four = mz_word_load(values);
            most = flip ? mz_four_smaller(most, four) : mz_four_larger(most, four);
        }
    }
    return most;
}
#endif

void mz_reduce_max_s8(const mz_reduce_max_params *params, const int8_t *restrict input,
                      int8_t *restrict output) {
    const mz_reduction_axis outer = params->kept[0], inner = params->kept[1];
    for (int32_t i = 0; i < outer.size; i++) {
        int32_t j = 0;
#if MZ_HAS_FOUR
        for (; inner.stride == 1 && j + 4 <= inner.size; j += 4, output += 4) {
            mz_word_store(output, four_greatest(params, input + (i * outer.stride + j)));
        }
#endif
        for (; j < inner.size; j++) {
            *output++ = (int8_t)greatest(params, input + (i * outer.stride + j * inner.stride));
        }
    }
}
