/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_max_pool_2d_s8.h"

#include <stddef.h>

#include "kernels/mz_four.h"

static __attribute__((noinline)) void larger(const void *first, const void *second, int32_t values,
                                             void *to) {
    const int8_t *a = first, *b = second;
    int8_t *output = to;
#if MZ_HAS_FOUR
    for (; values >= 8; values -= 8, a += 8, b += 8, output += 8) {
        const uint32_t four = mz_four_larger(mz_word_load(a), mz_word_load(b));
        mz_word_store(output + 4, mz_four_larger(mz_word_load(a + 4), mz_word_load(b + 4)));
        mz_word_store(output, four);
    }
#endif
    for (; values > 0; values--, a++, b++) {
        *output++ = *a > *b ? *a : *b;
    }
}

static MZ_POOL_RARE int8_t largest_of(const int8_t *from, const mz_pool_taps *taps) {
    int32_t most = INT8_MIN;
    for (int32_t x = taps->columns; x > 0; x--, from += taps->column_step) {
        const int8_t *row = from;
        for (int32_t y = taps->rows; y > 0; y--, row += taps->row_step) {
            most = *row > most ? *row : most;
        }
    }
    return (int8_t)most;
}

static void largest(const int8_t *from, const mz_pool_taps *taps, int32_t values, void *to) {
    int8_t *output = to;
    if (taps->rows == 2 && taps->columns == 1) {
        larger(from, from + taps->row_step, values, to);
        return;
    }
#if MZ_HAS_FOUR
    const int32_t rows = taps->rows, row_step = taps->row_step;
    const int32_t columns = taps->columns, column_step = taps->column_step;
    for (; values >= 8; values -= 8, from += 8, output += 8) {
        uint32_t four = mz_word_load(from), next = mz_word_load(from + 4);
        const int8_t *column = from;
        for (int32_t x = columns; x > 0; x--, column += column_step) {
            const int8_t *row = column;
            for (int32_t y = rows; y > 0; y--, row += row_step) {
                four = mz_four_larger(four, mz_word_load(row));
                next = mz_four_larger(next, mz_word_load(row + 4));
            }
        }
        mz_word_store(output, four);
        mz_word_store(output + 4, next);
    }
#endif
    for (; values > 0; values--) {
        *output++ = largest_of(from++, taps);
    }
}

static void copy(void *kept, int32_t distance, int32_t runs, int32_t values, int32_t taps,
                 int8_t *output) {
    (void)taps;
    const int8_t *from = kept;
    for (; runs > 1; runs--, from += distance) {
        for (int32_t i = 0; i < values; i++) {
            *output++ = from[i];
        }
    }
    __builtin_memcpy(output, from, (size_t)values);
}

void mz_max_pool_2d_s8(const mz_pool_params *params, const int8_t *input, int8_t *output) {
    static const mz_pool_kind kind = {1, largest, larger, copy};
    mz_pool(params, &kind, input, output);
}
