/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_sub_s8.h"

#define HEADROOM 20

static void subtract_row(const void *of, const int8_t *first, const int8_t *second,
                         int8_t *output) {
    const mz_add_params *const params = of;
    const mz_add_operand a = params->operands[0], b = params->operands[1];
    for (int32_t i = 0; i < params->sizes[3]; i++) {
        const int32_t difference =
            mz_rescale_addend(*first, &a, HEADROOM) - mz_rescale_addend(*second, &b, HEADROOM);
        output[i] = mz_requantize_addends(difference, params);
        first += a.strides[3];
        second += b.strides[3];
    }
}

void mz_sub_s8(const mz_add_params *params, const int8_t *first, const int8_t *second,
               int8_t *output) {
    mz_broadcast(params->sizes, params->operands[0].strides, params->operands[1].strides, first,
                 second, output, subtract_row, params);
}
