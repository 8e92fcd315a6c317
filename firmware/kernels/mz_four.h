/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Four int8 values in a word, for cores with the DSP extension: the first one in the low byte. */
#ifndef MZ_FOUR_H
#define MZ_FOUR_H

#if defined(__ARM_FEATURE_SIMD32)

#include <arm_acle.h>
#include <stdint.h>

#define MZ_HAS_FOUR 1

/* To and from memory of any alignment. */
static inline uint32_t mz_four_load(const int8_t *from) {
    uint32_t four;
    __builtin_memcpy(&four, from, 4);
    return four;
}

static inline void mz_four_store(int8_t *to, uint32_t four) {
    __builtin_memcpy(to, &four, 4);
}

/* The same value four times. */
static inline uint32_t mz_four_of(int32_t value) {
    return ((uint32_t)value & 0xFFu) * 0x01010101u;
}

/* The larger, or the smaller, of each two values in the same place. */
static inline uint32_t mz_four_larger(uint32_t a, uint32_t b) {
    (void)__ssub8((int8x4_t)a, (int8x4_t)b);
    return __sel(a, b);
}

static inline uint32_t mz_four_smaller(uint32_t a, uint32_t b) {
    (void)__ssub8((int8x4_t)a, (int8x4_t)b);
    return __sel(b, a);
}

/* Each value plus an unsigned one, or 127. */
static inline uint32_t mz_four_moved(uint32_t four, uint32_t more) {
    const uint32_t begin = 0x80808080u;
    return (uint32_t)__uqadd8((uint8x4_t)(four ^ begin), (uint8x4_t)more) ^ begin;
}

/* sums plus values 0 and 2, as int16; those of `four` turned by a byte are 1 and 3. */
static inline uint32_t mz_four_add_even(uint32_t sums, uint32_t four) {
    return (uint32_t)__sxtab16((int16x2_t)sums, (int8x4_t)four);
}

static inline uint32_t mz_four_add_odd(uint32_t sums, uint32_t four) {
    return (uint32_t)__sxtab16((int16x2_t)sums, (int8x4_t)(four >> 8 | four << 24));
}

#else

#define MZ_HAS_FOUR 0

#endif

#endif
