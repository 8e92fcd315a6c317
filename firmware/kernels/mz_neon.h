/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* NEON of Arm's 64-bit cores, for the inner loops of the portable kernels. The results are those of
 * the loops in C, bit for bit: sums are sums of the same products, and both roundings of TFLM are
 * instructions of these cores. Without NEON, or with MZ_WITHOUT_NEON, MZ_HAS_NEON is not defined. */
#ifndef MZ_NEON_H
#define MZ_NEON_H

#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(MZ_WITHOUT_NEON)

#include <arm_neon.h>
#include <stdint.h>

#define MZ_HAS_NEON 1

/* Each lane of sum plus some of 16 products; all lanes together get all of them. */
static inline int32x4_t mz_neon_dot_16(int32x4_t sum, int8x16_t a, int8x16_t w) {
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(sum, a, w);
#else
    sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(a), vget_low_s8(w)));
    return vpadalq_s16(sum, vmull_high_s8(a, w));
#endif
}

/* The same with 8 products. */
static inline int32x4_t mz_neon_dot_8(int32x4_t sum, int8x8_t a, int8x8_t w) {
    return vpadalq_s16(sum, vmull_s8(a, w));
}

/* mz_doubling_high_multiply and mz_divide_by_power_of_two of mz_fixedpoint.h, four at a time; each
 * left is 0 or positive, each right 0 or negative. */
static inline int32x4_t mz_neon_requantize(int32x4_t sums, int32x4_t multipliers, int32x4_t left,
                                           int32x4_t right) {
    const int32x4_t product = vqrdmulhq_s32(vshlq_s32(sums, left), multipliers);
    /* The shift rounds halves up, so negative numbers go down by one first, where one is shifted. */
    const int32x4_t down = vshrq_n_s32(vandq_s32(product, right), 31);
    return vrshlq_s32(vqaddq_s32(product, down), right);
}

#endif

#endif
