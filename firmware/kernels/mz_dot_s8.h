/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Dot products of int8 rows, blocked so that a loaded byte is used more than once. */
#ifndef MZ_DOT_S8_H
#define MZ_DOT_S8_H

#include <stdint.h>

/* Sums of two input rows (a, b) against two weight rows (0, 1). */
typedef struct {
    int32_t a0, a1, b0, b1;
} mz_sum_2x2;

/* sum plus one element of each input row times one of each weight row. */
static inline mz_sum_2x2 mz_add_products(mz_sum_2x2 sum, int32_t a, int32_t b, int32_t w0,
                                         int32_t w1) {
    sum.a0 += a * w0;
    sum.a1 += a * w1;
    sum.b0 += b * w0;
    sum.b1 += b * w1;
    return sum;
}

/* sum plus the products of depth elements; b may be NULL, its sums then mean nothing. No alignment
 * needed; what is read may overlap. The caller knows that no sum leaves 32 bits. */
static inline mz_sum_2x2 mz_dot_s8(mz_sum_2x2 sum, const int8_t *a, const int8_t *b,
                                   const int8_t *w0, const int8_t *w1, int32_t depth) {
    const int8_t *const unrolled_end = a + (depth & ~3);
    const int8_t *const end = a + depth;
    if (b) {
        while (a != unrolled_end) {
            sum = mz_add_products(sum, a[0], b[0], w0[0], w1[0]);
            sum = mz_add_products(sum, a[1], b[1], w0[1], w1[1]);
            sum = mz_add_products(sum, a[2], b[2], w0[2], w1[2]);
            sum = mz_add_products(sum, a[3], b[3], w0[3], w1[3]);
            a += 4, b += 4, w0 += 4, w1 += 4;
        }
        while (a != end) {
            sum = mz_add_products(sum, *a++, *b++, *w0++, *w1++);
        }
    } else {
        while (a != unrolled_end) {
            sum = mz_add_products(sum, a[0], 0, w0[0], w1[0]);
            sum = mz_add_products(sum, a[1], 0, w0[1], w1[1]);
            sum = mz_add_products(sum, a[2], 0, w0[2], w1[2]);
            sum = mz_add_products(sum, a[3], 0, w0[3], w1[3]);
            a += 4, w0 += 4, w1 += 4;
        }
        while (a != end) {
            sum = mz_add_products(sum, *a++, 0, *w0++, *w1++);
        }
    }
    return sum;
}

#endif
