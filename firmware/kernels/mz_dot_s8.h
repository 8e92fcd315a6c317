/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Dot products of int8 rows, blocked so that a loaded byte is used more than once. */
#ifndef MZ_DOT_S8_H
#define MZ_DOT_S8_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/mz_neon.h"
#include "kernels/mz_pairs.h"

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

/* sum plus the products of the first depth elements, a multiple of 4 and not 0. Where there is one
 * row of each, only its sum means something. */
static inline mz_sum_2x2 mz_dot_fours(mz_sum_2x2 sum, const int8_t *a, const int8_t *b,
                                      const int8_t *w0, const int8_t *w1, int32_t depth) {
    const int8_t *const end = a + depth;
    if (b != NULL) {
        do {
            const uint32_t x = mz_word_load(a), y = mz_word_load(b);
            const uint32_t first = mz_word_load(w0), second = mz_word_load(w1);
            const uint32_t even = mz_pair_even(first), odd = mz_pair_odd(first);
            const uint32_t more_even = mz_pair_even(second), more_odd = mz_pair_odd(second);
            const uint32_t x_even = mz_pair_even(x), x_odd = mz_pair_odd(x);
            const uint32_t y_even = mz_pair_even(y), y_odd = mz_pair_odd(y);
            sum.a0 = mz_pair_products(x_even, even, sum.a0);
            sum.a1 = mz_pair_products(x_even, more_even, sum.a1);
            sum.b0 = mz_pair_products(y_even, even, sum.b0);
            sum.b1 = mz_pair_products(y_even, more_even, sum.b1);
            sum.a0 = mz_pair_products(x_odd, odd, sum.a0);
            sum.a1 = mz_pair_products(x_odd, more_odd, sum.a1);
            sum.b0 = mz_pair_products(y_odd, odd, sum.b0);
            sum.b1 = mz_pair_products(y_odd, more_odd, sum.b1);
            a += 4, b += 4, w0 += 4, w1 += 4;
        } while (a != end);
        return sum;
    }
    if (w0 == w1) {
        do {
            const uint32_t x = mz_word_load(a), only = mz_word_load(w0);
            sum.a0 = mz_pair_products(mz_pair_even(x), mz_pair_even(only), sum.a0);
            sum.a0 = mz_pair_products(mz_pair_odd(x), mz_pair_odd(only), sum.a0);
            a += 4, w0 += 4;
        } while (a != end);
        return sum;
    }
    do {
        const uint32_t x = mz_word_load(a), first = mz_word_load(w0), second = mz_word_load(w1);
        const uint32_t even = mz_pair_even(x), odd = mz_pair_odd(x);
        sum.a0 = mz_pair_products(even, mz_pair_even(first), sum.a0);
        sum.a1 = mz_pair_products(even, mz_pair_even(second), sum.a1);
        sum.a0 = mz_pair_products(odd, mz_pair_odd(first), sum.a0);
        sum.a1 = mz_pair_products(odd, mz_pair_odd(second), sum.a1);
        a += 4, w0 += 4, w1 += 4;
    } while (a != end);
    return sum;
}

/* sum plus the products of depth elements; b may be NULL, its sums then mean nothing; if
 * w0 is w1, too, only a0 does. No alignment needed; what is read may overlap. The caller knows that
 * no sum leaves 32 bits. */
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
    /* What is left after this many elements goes one by one. */
    const int32_t fours = depth & ~3;
    if (fours > 0) {
        sum = mz_dot_fours(sum, a, b, w0, w1, fours);
    }
    for (int32_t i = fours; i < depth; i++) {
        sum = mz_add_products(sum, a[i], b != NULL ? b[i] : 0, w0[i], w1[i]);
    }
    return sum;
}

#endif
