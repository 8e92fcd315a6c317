/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_lookup_s8.h"

#define TABLE 256

void mz_lookup_s8(const mz_lookup_params *params, const int8_t *input, int8_t *output) {
    const int8_t *const outputs = params->outputs + 128;
    const int32_t depth = params->depth;
    if (depth == 1) {
        for (int32_t i = 0; i < params->elements; i++) {
            output[i] = outputs[input[i]];
        }
        return;
    }
    for (int32_t i = 0; i < params->elements; i += depth) {
        for (int32_t channel = 0; channel < depth; channel++) {
            output[i + channel] = outputs[channel * TABLE + input[i + channel]];
        }
    }
}
