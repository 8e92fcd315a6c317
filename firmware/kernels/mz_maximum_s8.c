/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_maximum_s8.h"

static void maximum_row(const void *of, const int8_t *first, const int8_t *second,
                        int8_t *output) {
    const mz_maximum_params *const params = of;
    const int32_t size = params->sizes[3], flip = params->flip;
    const int32_t a = params->first_strides[3], b = params->second_strides[3];
    for (int32_t i = 0; i < size; i++) {
        const int32_t one = first[i * a] ^ flip, other = second[i * b] ^ flip;
        output[i] = (int8_t)((one > other ? one : other) ^ flip);
    }
}

void mz_maximum_s8(const mz_maximum_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output) {
    mz_broadcast(params->sizes, params->first_strides, params->second_strides, first, second,
                 output, maximum_row, params);
}
