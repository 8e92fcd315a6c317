/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_mul_s8.h"

#include "kernels/mz_fixedpoint.h"

static void multiply(const void *of, const int8_t *first, const int8_t *second, int8_t *output,
                     int32_t count) {
    const mz_mul_params p = *(const mz_mul_params *)of;
    for (int32_t i = 0; i < count; i++) {
        const int32_t product = (first[i] - p.first_zero_point) * (second[i] - p.second_zero_point);
        const int32_t scaled = mz_multiply_by_quantized(product, p.multiplier, p.shift);
        output[i] = (int8_t)mz_clamp(scaled + p.output_zero_point, p.minimum, p.maximum);
    }
}

void mz_mul_s8(const mz_mul_params *params, const int8_t *first, const int8_t *second,
               int8_t *output) {
    mz_broadcast(params, first, second, output, multiply);
}
