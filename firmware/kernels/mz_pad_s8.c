/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_pad_s8.h"

#include <stdbool.h>

static bool is_padding(const mz_pad_params *params, int32_t axis, int32_t position) {
    const int32_t inside = position - params->before[axis];
    return inside < 0 || inside >= params->sizes[axis];
}

static int8_t *fill(int8_t *output, int32_t value, int32_t elements) {
    for (int32_t i = 0; i < elements; i++) {
        *output++ = (int8_t)value;
    }
    return output;
}

void mz_pad_s8(const mz_pad_params *params, const int8_t *restrict input,
               int8_t *restrict output) {
    int32_t padded[MZ_PAD_RANK];
    for (int32_t axis = 0; axis < MZ_PAD_RANK; axis++) {
        padded[axis] = params->before[axis] + params->sizes[axis] + params->after[axis];
    }
    for (int32_t i = 0; i < padded[0]; i++) {
        for (int32_t j = 0; j < padded[1]; j++) {
            for (int32_t k = 0; k < padded[2]; k++) {
                if (is_padding(params, 0, i) || is_padding(params, 1, j) ||
                    is_padding(params, 2, k)) {
                    output = fill(output, params->value, padded[3]);
                    continue;
                }
                output = fill(output, params->value, params->before[3]);
                for (int32_t l = 0; l < params->sizes[3]; l++) {
                    *output++ = *input++;
                }
                output = fill(output, params->value, params->after[3]);
            }
        }
    }
}
