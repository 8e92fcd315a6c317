/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_two_channels_s8.h"

#include "kernels/mz_pairs.h"
#include "kernels/mz_requantize_block.h"

/* Sums of both channels. */
typedef struct {
    int32_t first, second;
} sums;

/* sum plus the products of four inputs. */
static inline sums add_four(sums sum, const int8_t *input, const int8_t *weights) {
    const uint32_t x = mz_word_load(input);
    const uint32_t first = mz_word_load(weights), second = mz_word_load(weights + 4);
    const uint32_t even = mz_pair_even(x), odd = mz_pair_odd(x);
    sum.first = mz_pair_products(even, mz_pair_even(first), sum.first);
    sum.second = mz_pair_products(even, mz_pair_even(second), sum.second);
    sum.first = mz_pair_products(odd, mz_pair_odd(first), sum.first);
    sum.second = mz_pair_products(odd, mz_pair_odd(second), sum.second);
    return sum;
}

void mz_two_channels_s8(const mz_two_channels_s8_params *params, const int8_t *restrict input,
                        int8_t *restrict output) {
    for (int32_t row = 0; row < params->rows; row++, output += 2) {
        sums sum = {params->bias[0], params->bias[1]};
        const int8_t *weights = params->weights;
        const int8_t *const end = input + params->depth;
        if (params->depth & 4) {
            sum = add_four(sum, input, weights);
            input += 4;
            weights += 8;
        }
        for (; input != end; input += 8, weights += 16) {
            sum = add_four(sum, input, weights);
            sum = add_four(sum, input + 4, weights + 8);
        }
        const int32_t both[2] = {sum.first, sum.second};
        mz_requantize_block(&params->to, both, 0, 2, output);
    }
}
