/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_two_channels_s8.h"

#include "kernels/mz_pairs.h"
#include "kernels/mz_requantize_block.h"

void mz_two_channels_s8(const mz_two_channels_s8_params *params, const int8_t *restrict input,
                        int8_t *restrict output) {
    for (int32_t row = 0; row < params->rows; row++, output += 2) {
        int32_t sums[2] = {params->bias[0], params->bias[1]};
        const int8_t *weights = params->weights;
        const int8_t *const end = input + params->depth;
        do {
            const uint32_t x = mz_word_load(input);
            const uint32_t first = mz_word_load(weights), second = mz_word_load(weights + 4);
            const uint32_t even = mz_pair_even(x), odd = mz_pair_odd(x);
            sums[0] = mz_pair_products(even, mz_pair_even(first), sums[0]);
            sums[1] = mz_pair_products(even, mz_pair_even(second), sums[1]);
            sums[0] = mz_pair_products(odd, mz_pair_odd(first), sums[0]);
            sums[1] = mz_pair_products(odd, mz_pair_odd(second), sums[1]);
            input += 4;
            weights += 8;
        } while (input != end);
        mz_requantize_block(&params->to, sums, 0, 2, output);
    }
}
