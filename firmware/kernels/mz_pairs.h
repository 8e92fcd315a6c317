/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Words of two int16 or four int8 values, the first in the low bits, and what a core with the DSP
 * extension does with them in one instruction each. The same functions in C stand in for it on
 * every other machine. All sums are modulo 2^32. */
#ifndef MZ_PAIRS_H
#define MZ_PAIRS_H

#include <stdint.h>

#include "kernels/mz_assembly.h"

#if MZ_ASSEMBLY
#include <arm_acle.h>
#endif

/* A word from memory of any alignment, and to it. */
static inline uint32_t mz_word_load(const int8_t *from) {
    uint32_t word;
    __builtin_memcpy(&word, from, 4);
    return word;
}

static inline void mz_word_store(int8_t *to, uint32_t word) {
    __builtin_memcpy(to, &word, 4);
}

/* A value twice. */
static inline uint32_t mz_pair_of(int32_t value) {
    return ((uint32_t)value & 0xFFFFu) * 0x10001u;
}

/* Of a pair: each value. */
static inline int32_t mz_pair_first(uint32_t pair) {
    return (int16_t)(pair & 0xFFFFu);
}

static inline int32_t mz_pair_second(uint32_t pair) {
    return (int16_t)(pair >> 16);
}

/* The first values of two pairs, and their second ones. */
static inline uint32_t mz_pair_firsts(uint32_t a, uint32_t b) {
#if MZ_ASSEMBLY
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
#else
    return (a & 0xFFFFu) | b << 16;
#endif
}

static inline uint32_t mz_pair_seconds(uint32_t a, uint32_t b) {
#if MZ_ASSEMBLY
    uint32_t pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b), "r"(a));
    return pair;
#else
    return a >> 16 | (b & 0xFFFF0000u);
#endif
}

/* sum plus the products of the first values and of the second ones. */
static inline int32_t mz_pair_products(uint32_t a, uint32_t b, int32_t sum) {
#if MZ_ASSEMBLY
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
#else
    const uint32_t first = (uint32_t)(mz_pair_first(a) * mz_pair_first(b));
    const uint32_t second = (uint32_t)(mz_pair_second(a) * mz_pair_second(b));
    return (int32_t)((uint32_t)sum + first + second);
#endif
}

/* Of two pairs: the sum of each. */
static inline uint32_t mz_pair_sum(uint32_t a, uint32_t b) {
#if MZ_ASSEMBLY
    uint32_t sum;
    __asm__("sadd16 %0, %1, %2" : "=r"(sum) : "r"(a), "r"(b));
    return sum;
#else
    return ((a + b) & 0xFFFFu) | ((a >> 16) + (b >> 16)) << 16;
#endif
}

/* sum plus a value of a pair times an int16 factor. */
static inline int32_t mz_pair_first_times(uint32_t pair, int32_t factor, int32_t sum) {
#if MZ_ASSEMBLY
    return __smlabb((int32_t)pair, factor, sum);
#else
    return sum + mz_pair_first(pair) * factor;
#endif
}

static inline int32_t mz_pair_second_times(uint32_t pair, int32_t factor, int32_t sum) {
#if MZ_ASSEMBLY
    return __smlatb((int32_t)pair, factor, sum);
#else
    return sum + mz_pair_second(pair) * factor;
#endif
}

/* The upper 32 of 48 bits of a times a value of a pair, plus `more`. */
static inline int32_t mz_product_of_first(int32_t a, uint32_t pair, int32_t more) {
#if MZ_ASSEMBLY
    return __smlawb(a, (int32_t)pair, more);
#else
    return (int32_t)((uint32_t)((int64_t)a * mz_pair_first(pair) >> 16) + (uint32_t)more);
#endif
}

static inline int32_t mz_product_of_second(int32_t a, uint32_t pair, int32_t more) {
#if MZ_ASSEMBLY
    return __smlawt(a, (int32_t)pair, more);
#else
    return mz_product_of_first(a, pair >> 16, more);
#endif
}

/* Values 0 and 2 of four int8, plus those of a pair; and values 1 and 3. */
static inline uint32_t mz_pair_add_even(uint32_t pair, uint32_t four) {
#if MZ_ASSEMBLY
    return (uint32_t)__sxtab16((int16x2_t)pair, (int8x4_t)four);
#else
    const int32_t first = (int8_t)(four & 0xFFu), third = (int8_t)(four >> 16 & 0xFFu);
    const uint32_t low = pair + (uint32_t)first;
    const uint32_t high = (pair >> 16) + (uint32_t)third;
    return (low & 0xFFFFu) | high << 16;
#endif
}

static inline uint32_t mz_pair_add_odd(uint32_t pair, uint32_t four) {
#if MZ_ASSEMBLY
    uint32_t sum;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(pair), "r"(four));
    return sum;
#else
    return mz_pair_add_even(pair, four >> 8);
#endif
}

static inline uint32_t mz_pair_even(uint32_t four) {
#if MZ_ASSEMBLY
    return (uint32_t)__sxtb16((int8x4_t)four);
#else
    return mz_pair_add_even(0, four);
#endif
}

static inline uint32_t mz_pair_odd(uint32_t four) {
#if MZ_ASSEMBLY
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(four));
    return pair;
#else
    return mz_pair_add_even(0, four >> 8);
#endif
}

/* The upper word of a signed 64-bit product, plus `more`. */
static inline int32_t mz_high_product(int32_t a, int32_t b, int32_t more) {
#if MZ_ASSEMBLY
    int32_t sum;
    __asm__("smmla %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(more));
    return sum;
#else
    return (int32_t)((uint32_t)((int64_t)a * b >> 32) + (uint32_t)more);
#endif
}

/* The same, rounded to nearest, halves up. */
static inline int32_t mz_high_product_rounded(int32_t a, int32_t b, int32_t more) {
#if MZ_ASSEMBLY
    int32_t sum;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(more));
    return sum;
#else
    const int64_t product = (int64_t)a * b + ((int64_t)1 << 31);
    return (int32_t)((uint32_t)(product >> 32) + (uint32_t)more);
#endif
}

/* `twice` a sum by TFLM's two roundings, as an output + 128 that is not saturated yet. */
static inline uint32_t mz_output_of_twice(int32_t twice, int32_t multiplier, int32_t offset,
                                       int32_t shift) {
    return (uint32_t)(mz_high_product_rounded(twice, multiplier, offset + (twice >> 31)) >> shift);
}

/* mz_multiply_by_quantized of many values: what it does with the same multiplier and shift. */
typedef struct {
    int32_t multiplier, up;
    int32_t right, half, below; /* below: -1 where halves of negative values go down */
} mz_scaling;

static inline mz_scaling mz_scaling_of(int32_t multiplier, int32_t shift) {
    const int32_t right = shift < 0 ? -shift : 0;
    const mz_scaling by = {
        .multiplier = multiplier,
        .up = shift > 0 ? shift + 1 : 1,
        .right = right,
        .half = (int32_t)((1u << right) >> 1),
        .below = shift < 0 ? -1 : 0,
    };
    return by;
}

static inline int32_t mz_scaled(int32_t x, const mz_scaling *by) {
    const int32_t twice = x * (1 << by->up);
    const int32_t more = by->half + (twice >> 31 & by->below);
    return mz_high_product_rounded(twice, by->multiplier, more) >> by->right;
}

/* The values of two pairs, less 128 each, as four int8: the nearest ones. even: of the first and
 * the third. */
static inline uint32_t mz_pair_outputs(uint32_t even, uint32_t odd) {
#if MZ_ASSEMBLY
    uint32_t first, second;
    __asm__("usat16 %0, #8, %1" : "=r"(first) : "r"(even));
    __asm__("usat16 %0, #8, %1" : "=r"(second) : "r"(odd));
#else
    uint32_t first = 0, second = 0;
    for (int32_t shift = 0; shift < 32; shift += 16) {
        const int32_t one = (int16_t)(even >> shift), other = (int16_t)(odd >> shift);
        first |= (uint32_t)(one < 0 ? 0 : one > 255 ? 255 : one) << shift;
        second |= (uint32_t)(other < 0 ? 0 : other > 255 ? 255 : other) << shift;
    }
#endif
    return (first | second << 8) ^ 0x80808080u;
}

/* Four int8 values, each in a word, as one word: BFI three times. */
static inline uint32_t mz_four_of_values(int32_t first, int32_t second, int32_t third,
                                         int32_t fourth) {
    uint32_t four = (uint32_t)first;
    four = (four & ~0xFF00u) | ((uint32_t)second & 0xFFu) << 8;
    four = (four & ~0xFF0000u) | ((uint32_t)third & 0xFFu) << 16;
    return (four & ~0xFF000000u) | (uint32_t)fourth << 24;
}

/* The nearest int8 value, in a word. */
static inline int32_t mz_saturated(int32_t value) {
#if MZ_ASSEMBLY
    int32_t saturated;
    __asm__("ssat %0, #8, %1" : "=r"(saturated) : "r"(value));
    return saturated;
#else
    return value < -128 ? -128 : value > 127 ? 127 : value;
#endif
}

#endif
