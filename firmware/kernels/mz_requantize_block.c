/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_requantize_block.h"

void mz_requantize_block(const mz_requantization *to, const int32_t *restrict sums,
                         int32_t channel, int32_t count, int8_t *restrict output) {
    const int32_t zero_point = to->zero_point, minimum = to->minimum, maximum = to->maximum;
    const int32_t *const multipliers = to->multipliers + channel;
    const int8_t *const shifts = to->shifts + channel;
    output += channel;
    if (to->wide) {
        for (int32_t i = 0; i < count; i++) {
            const int32_t scaled =
                mz_multiply_by_quantized_wide(sums[i], multipliers[i], shifts[i]);
            const int32_t bounded = mz_clamp(scaled, -512, 512);
            output[i] = (int8_t)mz_clamp(bounded + zero_point, minimum, maximum);
        }
    } else if (to->right_only) {
        for (int32_t i = 0; i < count; i++) {
            const int32_t product = mz_doubling_high_multiply_small(sums[i], multipliers[i]);
            const int32_t scaled = mz_divide_by_power_of_two_small(product, -shifts[i]);
            output[i] = (int8_t)mz_clamp(scaled + zero_point, minimum, maximum);
        }
    } else {
        for (int32_t i = 0; i < count; i++) {
            const int32_t scaled = mz_multiply_by_quantized(sums[i], multipliers[i], shifts[i]);
            output[i] = (int8_t)mz_clamp(scaled + zero_point, minimum, maximum);
        }
    }
}
