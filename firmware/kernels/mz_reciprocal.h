/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Reciprocals in fixed point, as gemmlowp computes them: for SOFTMAX and LOG_SOFTMAX. */
#ifndef MZ_RECIPROCAL_H
#define MZ_RECIPROCAL_H

#include "kernels/mz_fixedpoint.h"

static inline int32_t mz_leading_zeros(uint32_t x) {
    int32_t zeros = 0;
    for (; zeros < 32 && !(x & 0x80000000u); x <<= 1) {
        zeros++;
    }
    return zeros;
}

/* 1 / (2 x) in Q0.31 for x in [1/2, 1) in Q0.31: three Newton-Raphson steps in Q2.29 from
 * 48/17 - 32/17 x. */
static inline int32_t mz_half_reciprocal(int32_t x) {
    const int32_t one = (int32_t)1 << 29;
    int32_t estimate = 1515870810 + mz_doubling_high_multiply(x, -1010580540);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = one - mz_doubling_high_multiply(x, estimate);
        estimate += mz_doubling_high_multiply(estimate, error) * 4;
    }
    return estimate >= (int32_t)1 << 30 ? INT32_MAX : estimate * 2;
}

#endif
