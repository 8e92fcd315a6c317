/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_reduce_max_s8.h"

#include "kernels/mz_four.h"

/* Of a tensor, or of its complement: `flip`. */
static int32_t greatest(mz_reduction_axis outer, mz_reduction_axis inner, int32_t flip,
                        const int8_t *input) {
    int32_t most = INT8_MIN;
    for (int32_t i = 0; i < outer.size; i++, input += outer.stride) {
        const int8_t *values = input;
        for (int32_t j = inner.size; j > 0; j--, values += inner.stride) {
            const int32_t value = *values ^ flip;
            most = value > most ? value : most;
        }
    }
    return most;
}

#if MZ_HAS_FOUR
/* The same of four neighbours. */
static uint32_t four_greatest(mz_reduction_axis outer, mz_reduction_axis inner, int32_t flip,
                              const int8_t *input) {
    uint32_t most = mz_four_of(INT8_MIN);
    for (int32_t i = 0; i < outer.size; i++, input += outer.stride) {
        const int8_t *values = input;
        for (int32_t j = inner.size; j > 0; j--, values += inner.stride) {
            most = mz_four_larger(most, mz_word_load(values) ^ (uint32_t)flip);
        }
    }
    return most;
}
#endif

static int8_t greatest_of_reduced(const mz_reduce_max_params *params, const int8_t *input) {
    const mz_reduction_axis outer = params->reduced[0];
    mz_reduction_axis inner = params->reduced[1];
    int32_t most = INT8_MIN;
#if MZ_HAS_FOUR
    if (inner.stride == 1) {
        const mz_reduction_axis fours = {inner.size / 4, 4};
        uint32_t four = four_greatest(outer, fours, params->flip, input);
        four = mz_four_larger(four, four >> 16);
        most = (int8_t)mz_four_larger(four, four >> 8);
        input += inner.size & ~3;
        inner.size &= 3;
    }
#endif
    const int32_t other = greatest(outer, inner, params->flip, input);
    return (int8_t)((other > most ? other : most) ^ params->flip);
}

void mz_reduce_max_s8(const mz_reduce_max_params *params, const int8_t *restrict input,
                      int8_t *restrict output) {
    const mz_reduction_axis outer = params->kept[0], inner = params->kept[1];
    for (int32_t i = 0; i < outer.size; i++, input += outer.stride, output += inner.size) {
#if MZ_HAS_FOUR
        if (inner.stride == 1 && inner.size >= 4) {
            for (int32_t j = 0; j < inner.size; j += 4) {
                /* The last four may begin among those before them. */
                const int32_t at = j + 4 <= inner.size ? j : inner.size - 4;
                const uint32_t four = four_greatest(params->reduced[0], params->reduced[1],
                                                    params->flip, input + at);
                mz_word_store(output + at, four ^ (uint32_t)params->flip);
            }
            continue;
        }
#endif
        for (int32_t j = 0; j < inner.size; j++) {
            output[j] = greatest_of_reduced(params, input + j * inner.stride);
        }
    }
}
