/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_requantize_block.h"

#include "kernels/mz_neon.h"

#if defined(MZ_HAS_NEON)

/* The first of `count` outputs, eight at a time; returns how many. Those of a wide layer, too: what
 * saturates here is beyond every output. */
static int32_t requantize_eights(const mz_requantization *to, const int32_t *restrict sums,
                                 const int32_t *restrict multipliers,
                                 const int8_t *restrict shifts, int32_t count,
                                 int8_t *restrict output) {
    const int32x4_t zero = vdupq_n_s32(0);
    const int16x8_t zero_point = vdupq_n_s16((int16_t)to->zero_point);
    const int8x8_t minimum = vdup_n_s8((int8_t)to->minimum);
    const int8x8_t maximum = vdup_n_s8((int8_t)to->maximum);
    int32_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const int16x8_t shift = vmovl_s8(vld1_s8(shifts + i));
        const int32x4_t low = vmovl_s16(vget_low_s16(shift));
        const int32x4_t high = vmovl_high_s16(shift);
        const int32x4_t first =
            mz_neon_requantize(vld1q_s32(sums + i), vld1q_s32(multipliers + i),
                               vmaxq_s32(low, zero), vminq_s32(low, zero));
        const int32x4_t second =
            mz_neon_requantize(vld1q_s32(sums + i + 4), vld1q_s32(multipliers + i + 4),
                               vmaxq_s32(high, zero), vminq_s32(high, zero));
        const int16x8_t scaled = vcombine_s16(vqmovn_s32(first), vqmovn_s32(second));
        const int8x8_t value = vqmovn_s16(vqaddq_s16(scaled, zero_point));
        vst1_s8(output + i, vmin_s8(vmax_s8(value, minimum), maximum));
    }
    return i;
}

#endif

void mz_requantize_block(const mz_requantization *to, const int32_t *restrict sums,
                         int32_t channel, int32_t count, int8_t *restrict output) {
    const int32_t zero_point = to->zero_point, minimum = to->minimum, maximum = to->maximum;
    const int32_t *const multipliers = to->multipliers + channel;
    const int8_t *const shifts = to->shifts + channel;
    output += channel;
#if defined(MZ_HAS_NEON)
    const int32_t done = requantize_eights(to, sums, multipliers, shifts, count, output);
#else
    const int32_t done = 0;
#endif
    if (to->wide) {
        for (int32_t i = done; i < count; i++) {
            const int32_t scaled =
                mz_multiply_by_quantized_wide(sums[i], multipliers[i], shifts[i]);
            const int32_t bounded = mz_clamp(scaled, -512, 512);
            output[i] = (int8_t)mz_clamp(bounded + zero_point, minimum, maximum);
        }
    } else if (to->right_only) {
        for (int32_t i = done; i < count; i++) {
            const int32_t product = mz_doubling_high_multiply_small(sums[i], multipliers[i]);
            const int32_t scaled = mz_divide_by_power_of_two_small(product, -shifts[i]);
            output[i] = (int8_t)mz_clamp(scaled + zero_point, minimum, maximum);
        }
    } else {
        for (int32_t i = done; i < count; i++) {
            const int32_t scaled = mz_multiply_by_quantized(sums[i], multipliers[i], shifts[i]);
            output[i] = (int8_t)mz_clamp(scaled + zero_point, minimum, maximum);
        }
    }
}
