/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_lookup_s8.h"

void mz_lookup_s8(const mz_lookup_params *params, const int8_t *input, int8_t *output) {
    const int8_t *outputs = params->outputs + 128;
    for (int32_t i = 0; i < params->elements; i++) {
        output[i] = outputs[input[i]];
    }
}
