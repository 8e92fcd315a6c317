/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_pad_s8.h"

#include <stdbool.h>
#include <stddef.h>

static bool is_padding(const mz_pad_params *params, int32_t axis, int32_t position) {
    const int32_t inside = position - params->before[axis];
    return inside < 0 || inside >= params->sizes[axis];
}

void mz_pad_s8(const mz_pad_params *params, const int8_t *restrict input,
               int8_t *restrict output) {
    const int32_t before = params->before[MZ_PAD_RANK - 1], value = params->value;
    const int32_t size = params->sizes[MZ_PAD_RANK - 1], after = params->after[MZ_PAD_RANK - 1];
    int32_t padded[MZ_PAD_RANK - 1];
    for (int32_t axis = 0; axis < MZ_PAD_RANK - 1; axis++) {
        padded[axis] = params->before[axis] + params->sizes[axis] + params->after[axis];
    }
    int32_t padding = 0; /* bytes of it that are still to be written */
    for (int32_t i = 0; i < padded[0]; i++) {
        for (int32_t j = 0; j < padded[1]; j++) {
            for (int32_t k = 0; k < padded[2]; k++) {
                if (is_padding(params, 0, i) || is_padding(params, 1, j) ||
                    is_padding(params, 2, k)) {
                    padding += before + size + after;
                    continue;
                }
                padding += before;
                __builtin_memset(output, value, (size_t)padding);
                output += padding;
                __builtin_memcpy(output, input, (size_t)size);
                output += size;
                input += size;
                padding = after;
            }
        }
    }
    __builtin_memset(output, value, (size_t)padding);
}
