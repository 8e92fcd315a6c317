/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_lone_channel_s8.h"

#include <stddef.h>

#include "kernels/mz_dot_s8.h"
#include "kernels/mz_requantize_block.h"

void mz_lone_channel_s8(const mz_lone_channel_s8_params *params, const int8_t *input,
                        int8_t *output) {
    const int32_t depth = params->depth;
    const mz_sum_2x2 start = {params->bias, params->bias, 0, 0};
    int32_t sums[MZ_BLOCK_CHANNELS];

    for (int32_t left = params->rows; left > 0; left -= MZ_BLOCK_CHANNELS) {
        const int32_t count = left < MZ_BLOCK_CHANNELS ? left : MZ_BLOCK_CHANNELS;
        for (int32_t i = 0; i < count; i += 2, input += 2 * depth) {
            /* A lone last row is computed twice. */
            const int8_t *const next = i + 1 < count ? input + depth : input;
            const mz_sum_2x2 sum = mz_dot_s8(start, params->weights, NULL, input, next, depth);
            sums[i] = sum.a0;
            sums[i + 1] = sum.a1;
        }
        mz_requantize_block(&params->to, sums, 0, count, output);
        output += count;
    }
}
