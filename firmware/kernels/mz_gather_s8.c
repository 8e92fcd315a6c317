/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_gather_s8.h"

#include "kernels/mz_copy_run.h"

#define INNERMOST (MZ_GATHER_AXES - 1)

/* The offset that a step along an axis adds. */
static int32_t place(const mz_gather_params *params, int32_t axis, int32_t step) {
    const int32_t table = params->tables[axis];
    return table < 0 ? step * params->strides[axis] : params->places[table + step];
}

void mz_gather_s8(const mz_gather_params *params, const int8_t *input, int8_t *output) {
    const int32_t *const sizes = params->sizes;
    const int32_t *const places = params->places + params->tables[INNERMOST];
    const int32_t run = params->run, size = sizes[INNERMOST];
    for (int32_t i = 0; i < sizes[0]; i++) {
        const int32_t outer = place(params, 0, i);
        for (int32_t j = 0; j < sizes[1]; j++) {
            const int32_t row = outer + place(params, 1, j);
            for (int32_t k = 0; k < sizes[2]; k++) {
                const int8_t *const from = input + (row + place(params, 2, k));
                if (run == 1) {
                    for (int32_t l = 0; l < size; l++) {
                        *output++ = from[places[l]];
                    }
                } else if (run <= MZ_COPY_FEW) {
                    for (int32_t l = 0; l < size; l++, output += run) {
                        mz_copy_few(output, from + places[l], run);
                    }
                } else {
                    for (int32_t l = 0; l < size; l++, output += run) {
                        mz_copy_run(output, from + places[l], run);
                    }
                }
            }
        }
    }
}
