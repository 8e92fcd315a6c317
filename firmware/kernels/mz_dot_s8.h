/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Dot products of int8 rows, blocked so that a loaded byte is used more than once. */
#ifndef MZ_DOT_S8_H
#define MZ_DOT_S8_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/mz_neon.h"

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

#if defined(MZ_HAS_NEON)

/* sum plus the products of the first depth elements, a multiple of 8. */
static inline mz_sum_2x2 mz_dot_eights(mz_sum_2x2 sum, const int8_t *a, const int8_t *b,
                                       const int8_t *w0, const int8_t *w1, int32_t depth) {
    int32x4_t a0 = vdupq_n_s32(0), a1 = a0, b0 = a0, b1 = a0;
    for (; depth >= 16; depth -= 16, a += 16, w0 += 16, w1 += 16) {
        const int8x16_t x = vld1q_s8(a), first = vld1q_s8(w0), second = vld1q_s8(w1);
        a0 = mz_neon_dot_16(a0, x, first);
        a1 = mz_neon_dot_16(a1, x, second);
        if (b != NULL) {
            const int8x16_t y = vld1q_s8(b);
            b0 = mz_neon_dot_16(b0, y, first);
            b1 = mz_neon_dot_16(b1, y, second);
            b += 16;
        }
    }
    if (depth > 0) {
        const int8x8_t x = vld1_s8(a), first = vld1_s8(w0), second = vld1_s8(w1);
        a0 = mz_neon_dot_8(a0, x, first);
        a1 = mz_neon_dot_8(a1, x, second);
        if (b != NULL) {
            const int8x8_t y = vld1_s8(b);
            b0 = mz_neon_dot_8(b0, y, first);
            b1 = mz_neon_dot_8(b1, y, second);
        }
    }
    sum.a0 += vaddvq_s32(a0);
    sum.a1 += vaddvq_s32(a1);
    sum.b0 += vaddvq_s32(b0);
    sum.b1 += vaddvq_s32(b1);
    return sum;
}

#endif

/* sum plus the products of depth elements; b may be NULL, its sums then mean nothing. No alignment
 * needed; what is read may overlap. The caller knows that no sum leaves 32 bits. */
static inline mz_sum_2x2 mz_dot_s8(mz_sum_2x2 sum, const int8_t *a, const int8_t *b,
                                   const int8_t *w0, const int8_t *w1, int32_t depth) {
#if defined(MZ_HAS_NEON)
    const int32_t eights = depth & ~7;
    if (eights > 0) {
        sum = mz_dot_eights(sum, a, b, w0, w1, eights);
        a += eights;
        b = b != NULL ? b + eights : NULL;
        w0 += eights;
        w1 += eights;
        depth -= eights;
    }
#endif
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
