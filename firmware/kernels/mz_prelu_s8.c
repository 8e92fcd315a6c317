/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_prelu_s8.h"

#include "kernels/mz_fixedpoint.h"

static void prelu(const void *of, const int8_t *input, const int8_t *alpha, int8_t *output,
                  int32_t count) {
    const mz_prelu_params p = *(const mz_prelu_params *)of;
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = input[i] - p.input_zero_point;
        const int32_t scaled =
            value >= 0 ? mz_multiply_by_quantized(value, p.multiplier, p.shift)
                       : mz_multiply_by_quantized(value * (alpha[i] - p.alpha_zero_point),
                                                  p.alpha_multiplier, p.alpha_shift);
        output[i] = (int8_t)mz_clamp(scaled + p.output_zero_point, INT8_MIN, INT8_MAX);
    }
}

void mz_prelu_s8(const mz_prelu_params *params, const int8_t *input, const int8_t *alpha,
                 int8_t *output) {
    mz_broadcast(params, input, alpha, output, prelu);
}
