/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_mul_large_s8_dsp.h"

#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

/* product: within 31 bits when it is shifted up. */
static inline int32_t output_of(int32_t product, int32_t up, int32_t multiplier,
                                int32_t zero_point) {
    const int32_t shifted = (int32_t)((uint32_t)product << up);
    return mz_saturated(mz_high_product_rounded(shifted, multiplier, zero_point));
}

static void multiply(const void *of, const int8_t *first, const int8_t *second, int8_t *output,
                     int32_t count) {
    const mz_mul_large_s8_dsp_params *const params = of;
    const int32_t multiplier = params->multiplier, up = params->up;
    const int32_t zero_point = params->output_zero_point;
    const uint32_t x_zero = mz_pair_of(-params->first_zero_point);
    const uint32_t y_zero = mz_pair_of(-params->second_zero_point);
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const uint32_t x = mz_word_load(first + i), y = mz_word_load(second + i);
        const uint32_t x_even = mz_pair_add_even(x_zero, x), y_even = mz_pair_add_even(y_zero, y);
        const uint32_t x_odd = mz_pair_add_odd(x_zero, x), y_odd = mz_pair_add_odd(y_zero, y);
        const int32_t products[] = {
            mz_pair_first(x_even) * mz_pair_first(y_even),
            mz_pair_first(x_odd) * mz_pair_first(y_odd),
            mz_pair_second(x_even) * mz_pair_second(y_even),
            mz_pair_second(x_odd) * mz_pair_second(y_odd),
        };
        mz_word_store(output + i,
                      mz_four_of_values(output_of(products[0], up, multiplier, zero_point),
                                        output_of(products[1], up, multiplier, zero_point),
                                        output_of(products[2], up, multiplier, zero_point),
                                        output_of(products[3], up, multiplier, zero_point)));
    }
    for (; i < count; i++) {
        const int32_t product =
            (first[i] - params->first_zero_point) * (second[i] - params->second_zero_point);
        output[i] = (int8_t)output_of(product, up, multiplier, zero_point);
    }
    mz_clamp_outputs(output, count, params->minimum, params->maximum);
}

void mz_mul_large_s8_dsp(const mz_mul_large_s8_dsp_params *params, const int8_t *first,
                         const int8_t *second, int8_t *output) {
    mz_broadcast(params, first, second, output, multiply);
}
