/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_mean_s8.h"

#include "kernels/mz_fixedpoint.h"

static int32_t sum_of_reduced(const mz_mean_params *params, const int8_t *input) {
    const mz_reduction_axis outer = params->reduced[0], inner = params->reduced[1];
    int32_t sum = 0;
    for (int32_t i = 0; i < outer.size; i++) {
        for (int32_t j = 0; j < inner.size; j++) {
            sum += input[i * outer.stride + j * inner.stride];
        }
    }
    return sum;
}

void mz_mean_s8(const mz_mean_params *params, const int8_t *restrict input,
                int8_t *restrict output) {
    const mz_reduction_axis outer = params->kept[0], inner = params->kept[1];
    for (int32_t i = 0; i < outer.size; i++) {
        for (int32_t j = 0; j < inner.size; j++) {
            const int32_t sum =
                sum_of_reduced(params, input + (i * outer.stride + j * inner.stride));
            const int32_t mean = mz_multiply_by_quantized(sum + params->sum_offset,
                                                          params->multiplier, params->shift);
            *output++ =
                (int8_t)mz_clamp(mean + params->output_zero_point, INT8_MIN, INT8_MAX);
        }
    }
}
