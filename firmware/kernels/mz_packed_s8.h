/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Weights two to a halfword, and how sums of their products become outputs: the arithmetic of the
 * kernels for the DSP extension, in C for their twins. Their assembly does the same.
 *
 * A halfword is 256 * w1 + w0. Times x1 that is 256 * w1 * x1 + w0 * x1. The sign-extended low byte,
 * w0, meets 256 * x0 + 127 - x1, and the sum of both products is
 * 256 * (w0 * x0 + w1 * x1) + 127 * w0: half of the weights are never unpacked, the activations are
 * mixed once for all channels, and the 127, which keeps the mixture within int16, is a matter of
 * the sum's start value. So every sum is 256 times the accumulator. A word holds a quad of weights.
 *
 * From sum to output, in one of two ways; `high` is the upper word of a signed 64-bit product.
 * Straight line: (high(sum * multiplier) + offset) >> MZ_LINE_SHIFT, saturated to int8, where TFLM
 *   rounds twice; the generator found multiplier and start value so that no sum which the layer can
 *   reach falls on another output.
 * Exact: (high(sum * multiplier) + offset - (sum < 0 ? 128 : 0)) >> shift, saturated. TFLM's
 *   rounding in all cases: 64 in the offset rounds to the first result, which is in units of 1/128,
 *   half of 1 << shift to the second, and halves of negative numbers go down. */
#ifndef MZ_PACKED_S8_H
#define MZ_PACKED_S8_H

#include <stdint.h>

#define MZ_LINE_SHIFT 11

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#define MZ_PACKED_ASSEMBLY 1
#else
#define MZ_PACKED_ASSEMBLY 0
#endif

static inline int32_t mz_low_byte(int32_t word) {
    const int32_t byte = word & 0xFF;
    return byte < 128 ? byte : byte - 256;
}

/* sum plus a quad's products. Sums are modulo 2^32, like a register. */
static inline uint32_t mz_add_quad(uint32_t sum, int32_t word, const int8_t *x) {
    const int32_t w0 = mz_low_byte(word), w2 = mz_low_byte(word >> 16);
    const int32_t w1 = mz_low_byte((int32_t)(((uint32_t)word - (uint32_t)w0) >> 8));
    const int32_t raw = (256 * w1 + w0) * x[1] + (word >> 16) * x[3];
    const int32_t low = w0 * (256 * x[0] + 127 - x[1]) + w2 * (256 * x[2] + 127 - x[3]);
    return sum + (uint32_t)raw + (uint32_t)low;
}

static inline int8_t mz_saturated(int32_t value) {
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

static inline int32_t mz_high(int32_t a, int32_t b) {
    return (int32_t)((int64_t)a * b >> 32);
}

static inline int8_t mz_line_output(int32_t sum, int32_t multiplier, int32_t offset) {
    return mz_saturated((mz_high(sum, multiplier) + offset) >> MZ_LINE_SHIFT);
}

static inline int8_t mz_exact_output(int32_t sum, int32_t multiplier, int32_t offset,
                                     int32_t shift) {
    const int32_t rounding = offset - (sum < 0 ? 128 : 0);
    return mz_saturated((mz_high(sum, multiplier) + rounding) >> shift);
}

static inline void mz_clamp_outputs(int8_t *output, int32_t count, int32_t minimum,
                                    int32_t maximum) {
    if (minimum <= -128 && maximum >= 127) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = output[i];
        output[i] = (int8_t)(value < minimum ? minimum : value > maximum ? maximum : value);
    }
}

#endif
