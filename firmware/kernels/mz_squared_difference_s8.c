/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_squared_difference_s8.h"

/* The square of the largest difference, (255 * 2^7)^2, is below 2^30. */
#define HEADROOM 7

static void squares(const void *of, const int8_t *first, const int8_t *second,
                        int8_t *output, int32_t count) {
    const mz_add_params *const params = of;
    const mz_add_operand a = params->operands[0], b = params->operands[1];
    for (int32_t i = 0; i < count; i++) {
        const int32_t difference =
            mz_rescale_addend(first[i], &a, HEADROOM) - mz_rescale_addend(second[i], &b, HEADROOM);
        output[i] = mz_requantize_addends(difference * difference, params);
    }
}

void mz_squared_difference_s8(const mz_add_params *params, const int8_t *first,
                              const int8_t *second, int8_t *output) {
    mz_broadcast(params, first, second, output, squares);
}
