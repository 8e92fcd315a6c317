/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_average_pool_2d_s8.h"

#include <stddef.h>

#include "kernels/mz_pool_sums.h"

/* Sums of more taps: parts of them, added up in words. */
static MZ_POOL_RARE void add_many(const int8_t *from, const mz_pool_taps *taps, int32_t values,
                                  void *to) {
    int32_t *const sums = to;
    int16_t part_of[MZ_POOL_BYTES / 4];
    const int32_t most_rows = taps->rows < MZ_POOL_SUM_TAPS ? taps->rows : MZ_POOL_SUM_TAPS;
    const int32_t most_columns = MZ_POOL_SUM_TAPS / most_rows;
    for (int32_t i = 0; i < values; i++) {
        sums[i] = 0;
    }
    mz_pool_taps part = *taps;
    for (int32_t x = 0; x < taps->columns; x += part.columns) {
        part.columns = taps->columns - x < most_columns ? taps->columns - x : most_columns;
        for (int32_t y = 0; y < taps->rows; y += part.rows) {
            part.rows = taps->rows - y < most_rows ? taps->rows - y : most_rows;
            mz_pool_add_down(from + (x * part.column_step + y * part.row_step), &part, values, part_of);
            for (int32_t i = 0; i < values; i++) {
                sums[i] += part_of[i];
            }
        }
    }
}

static MZ_POOL_RARE void divide_each(void *kept, int32_t distance, int32_t runs, int32_t values,
                                     int32_t taps, int8_t *output) {
    const int32_t *sums = kept, half = taps / 2;
    for (; runs > 0; runs--, sums += distance) {
        for (int32_t i = 0; i < values; i++) {
            *output++ = (int8_t)((sums[i] > 0 ? sums[i] + half : sums[i] - half) / taps);
        }
    }
}

void mz_average_pool_2d_s8(const mz_pool_params *params, const int8_t *input, int8_t *output) {
    static const mz_pool_kind few = {2, mz_pool_add_down, mz_pool_add, mz_pool_divide};
    static const mz_pool_kind many = {4, add_many, NULL, divide_each};
    const int32_t taps = params->window.height * params->window.width;
    mz_pool(params, taps > MZ_POOL_SUM_TAPS ? &many : &few, input, output);
}
