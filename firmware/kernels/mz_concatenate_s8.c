/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_concatenate_s8.h"

void mz_concatenate_s8(const mz_concatenate_params *params, const int8_t *restrict input,
                       int8_t *restrict output) {
    int8_t *place = output + params->offset;
    for (int32_t row = 0; row < params->rows; row++) {
        for (int32_t i = 0; i < params->input_row_bytes; i++) {
            place[i] = input[i];
        }
        input += params->input_row_bytes;
        place += params->output_row_bytes;
    }
}
