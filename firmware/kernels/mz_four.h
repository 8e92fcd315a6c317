/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Four int8 values in a word, for cores with the DSP extension: the first one in the low byte.
 * mz_pairs.h loads, stores and adds them. */
#ifndef MZ_FOUR_H
#define MZ_FOUR_H

#if defined(__ARM_FEATURE_SIMD32)

#include <arm_acle.h>
#include <stdint.h>

#include "kernels/mz_pairs.h"

#define MZ_HAS_FOUR 1

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

#else

#define MZ_HAS_FOUR 0

#endif

#endif
