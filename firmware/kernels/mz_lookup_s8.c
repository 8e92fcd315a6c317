/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_lookup_s8.h"

#include "kernels/mz_pairs.h"

#define TABLE 256

/* Four values at a time: they are read and written as words. */
static void look_up(const int8_t *outputs, const int8_t *input, int32_t elements, int8_t *output) {
    const uint8_t *const table = (const uint8_t *)outputs;
    int32_t i = 0;
    for (; i + 4 <= elements; i += 4) {
        /* From where the table begins. */
        const uint32_t at = mz_word_load(input + i) ^ 0x80808080u;
        const uint32_t low = table[at & 0xFFu] | (uint32_t)table[at >> 8 & 0xFFu] << 8;
        const uint32_t high = table[at >> 16 & 0xFFu] | (uint32_t)table[at >> 24] << 8;
        mz_word_store(output + i, low | high << 16);
    }
    for (; i < elements; i++) {
        output[i] = outputs[input[i] + 128];
    }
}

void mz_lookup_s8(const mz_lookup_params *params, const int8_t *input, int8_t *output) {
    const int8_t *const outputs = params->outputs + 128;
    const int32_t depth = params->depth;
    if (depth == 1) {
        look_up(params->outputs, input, params->elements, output);
        return;
    }
    for (int32_t i = 0; i < params->elements; i += depth) {
        for (int32_t channel = 0; channel < depth; channel++) {
            output[i + channel] = outputs[channel * TABLE + input[i + channel]];
        }
    }
}
