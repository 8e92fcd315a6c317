/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_add_s8.h"

#include "kernels/mz_fixedpoint.h"

/* Addends get 20 fractional bits before they are scaled. */
#define HEADROOM_SHIFT 20

static int32_t rescale_addend(int8_t value, const mz_add_operand *from) {
    const int32_t widened = (value - from->zero_point) * (1 << HEADROOM_SHIFT);
    return mz_multiply_by_quantized(widened, from->multiplier, from->shift);
}

static void add_row(const mz_add_params *params, const int8_t *first, const int8_t *second,
                    int8_t *output) {
    const mz_add_operand a = params->operands[0], b = params->operands[1];
    for (int32_t i = 0; i < params->sizes[3]; i++) {
        const int32_t sum = rescale_addend(*first, &a) + rescale_addend(*second, &b);
        const int32_t scaled =
            mz_multiply_by_quantized(sum, params->output_multiplier, params->output_shift);
        output[i] = (int8_t)mz_clamp(scaled + params->output_zero_point, params->minimum,
                                     params->maximum);
        first += a.strides[3];
        second += b.strides[3];
    }
}

void mz_add_s8(const mz_add_params *params, const int8_t *first, const int8_t *second,
               int8_t *output) {
    const int32_t *const sizes = params->sizes;
    const int32_t *const a = params->operands[0].strides, *const b = params->operands[1].strides;
    for (int32_t i = 0; i < sizes[0]; i++) {
        for (int32_t j = 0; j < sizes[1]; j++) {
            for (int32_t k = 0; k < sizes[2]; k++) {
                add_row(params, first + (i * a[0] + j * a[1] + k * a[2]),
                        second + (i * b[0] + j * b[1] + k * b[2]), output);
                output += sizes[3];
            }
        }
    }
}
