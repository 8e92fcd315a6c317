/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_fully_connected_s8.h"

#include <stddef.h>

#include "kernels/mz_dot_s8.h"
#include "kernels/mz_requantize_block.h"

void mz_fully_connected_s8(const mz_fully_connected_params *params, const int8_t *restrict input,
                           int8_t *restrict output) {
    const int32_t depth = params->depth, channels = params->channels;
    int32_t sums_a[MZ_BLOCK_CHANNELS], sums_b[MZ_BLOCK_CHANNELS];

    for (int32_t row = 0; row < params->rows; row += 2) {
        const int8_t *const b = row + 1 < params->rows ? input + depth : NULL;
        const int8_t *weights = params->weights;
        for (int32_t first = 0; first < channels; first += MZ_BLOCK_CHANNELS) {
            const int32_t left = channels - first;
            const int32_t count = left < MZ_BLOCK_CHANNELS ? left : MZ_BLOCK_CHANNELS;
            for (int32_t i = 0; i < count; i += 2, weights += 2 * depth) {
                /* A lone last channel is computed twice. */
                const int32_t next = i + 1 < count ? 1 : 0;
                const int32_t *const bias = params->bias + first + i;
                const mz_sum_2x2 start = {bias[0], bias[next], bias[0], bias[next]};
                const mz_sum_2x2 sum =
                    mz_dot_s8(start, input, b, weights, weights + next * depth, depth);
                sums_a[i] = sum.a0;
                sums_a[i + 1] = sum.a1;
                sums_b[i] = sum.b0;
                sums_b[i + 1] = sum.b1;
            }
            mz_requantize_block(&params->to, sums_a, first, count, output);
            if (b) {
                mz_requantize_block(&params->to, sums_b, first, count, output + channels);
            }
        }
        input += 2 * depth;
        output += 2 * channels;
    }
}
