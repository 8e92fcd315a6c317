/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_pool_sums.h"

#include "kernels/mz_pairs.h"

void mz_pool_add(const void *first, const void *second, int32_t values, void *to) {
    const int8_t *a = first, *b = second;
    int8_t *sums = to;
    for (; values > 0; values -= 2, a += 4, b += 4, sums += 4) {
        mz_word_store(sums, mz_pair_sum(mz_word_load(a), mz_word_load(b)));
    }
}

static int32_t sum_of(const int8_t *from, const mz_pool_taps *taps) {
    const int32_t rows = taps->rows, row_step = taps->row_step;
    int32_t sum = 0;
    for (int32_t x = taps->columns; x > 0; x--, from += taps->column_step) {
        const int8_t *row = from;
        for (int32_t y = rows; y > 0; y--, row += row_step) {
            sum += *row;
        }
    }
    return sum;
}

static int16_t *store_in_order(uint32_t even, uint32_t odd, int16_t *sums) {
    mz_word_store((int8_t *)sums, mz_pair_firsts(even, odd));
    mz_word_store((int8_t *)(sums + 2), mz_pair_seconds(even, odd));
    return sums + 4;
}

void mz_pool_add_down(const int8_t *from, const mz_pool_taps *taps, int32_t values, void *to) {
    const int32_t rows = taps->rows, row_step = taps->row_step;
    const int32_t columns = taps->columns, column_step = taps->column_step;
    int16_t *sums = to;
    for (; values >= 8; values -= 8, from += 8) {
        uint32_t even = 0, odd = 0, next_even = 0, next_odd = 0;
        const int8_t *column = from;
        for (int32_t x = columns; x > 0; x--, column += column_step) {
            const int8_t *row = column;
            for (int32_t y = rows; y > 0; y--, row += row_step) {
                const uint32_t four = mz_word_load(row), next = mz_word_load(row + 4);
                even = mz_pair_add_even(even, four);
                odd = mz_pair_add_odd(odd, four);
                next_even = mz_pair_add_even(next_even, next);
                next_odd = mz_pair_add_odd(next_odd, next);
            }
        }
        sums = store_in_order(even, odd, sums);
        sums = store_in_order(next_even, next_odd, sums);
    }
    for (; values > 0; values--) {
        *sums++ = (int16_t)sum_of(from++, taps);
    }
}

/* Along a line that is a little too steep: it moves no sum, 2^15 at most, by more than 2^16, and
 * only those that are not halves by less than 2^31 / taps. */
void mz_pool_divide(void *kept, int32_t distance, int32_t runs, int32_t values, int32_t taps,
                    int8_t *output) {
    int16_t *sums = kept;
    for (; taps < 3; taps *= 2) {
        mz_pool_add(sums, sums, (runs - 1) * distance + values, sums);
    }
    const int32_t multiplier = (int32_t)(UINT32_MAX / (uint32_t)taps + 2);
    const int32_t offset = (128 << 16) + (1 << 15);
    for (; runs > 0; runs--, sums += distance) {
        int32_t i = 0;
        for (; i + 4 <= values; i += 4, output += 4) {
            const uint32_t low = mz_word_load((const int8_t *)(sums + i));
            const uint32_t high = mz_word_load((const int8_t *)(sums + i + 2));
            const uint32_t even =
                mz_pair_seconds((uint32_t)mz_product_of_first(multiplier, low, offset),
                                (uint32_t)mz_product_of_first(multiplier, high, offset));
            const uint32_t odd =
                mz_pair_seconds((uint32_t)mz_product_of_second(multiplier, low, offset),
                                (uint32_t)mz_product_of_second(multiplier, high, offset));
            mz_word_store(output, (even | odd << 8) ^ 0x80808080u);
        }
        for (; i < values; i++) {
            const uint32_t sum = (uint16_t)sums[i];
            *output++ = (int8_t)((mz_product_of_first(multiplier, sum, offset) >> 16) - 128);
        }
    }
}
