/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* From int32 sums to int8 outputs: the last stage of every kernel with weights.
 *
 * TFLM multiplies by a real number in two steps and rounds in both (mz_fixedpoint.h). Three ways
 * lead to the same outputs, bit for bit. `high` is the upper word of a signed 64-bit product.
 *
 * Two roundings   as TFLM does it, then zero point and clamp. Any layer. mz_requantize_block.h.
 * Line            (high(sum * multiplier) + offset) >> shift, saturated to int8. Sums are 256 times
 *                 the accumulator. Where the activation clamps at or above the zero point, one
 *                 straight line can stand for both roundings: the generator finds multiplier,
 *                 offset and the sum's start value, and proves that every sum which the layer can
 *                 reach gives TFLM's output (mcuzoo/lowering/requantization.py).
 * Exact           (high(sum * multiplier) + offset - (sum < 0 ? 128 : 0)) >> shift, saturated. Sums
 *                 are 256 times the accumulator. TFLM's rounding in all cases: 64 in the offset
 *                 rounds to the first result, which is in units of 1/128, half of 1 << shift to the
 *                 second, and halves of negative numbers go down.
 *
 * Line and exact saturate where the layer may clamp elsewhere: mz_clamp_outputs and
 * mz_move_outputs do the rest, in place. The functions here have no state and read nothing but
 * their arguments. */
#ifndef MZ_REQUANTIZATION_H
#define MZ_REQUANTIZATION_H

#include <stdint.h>

#include "kernels/mz_fixedpoint.h"

/* Two roundings. The generator has proven that no sum of this layer, shifted left where its shift
 * says so, reaches 2^30, or 2^31 if it is wide. The arrays belong to the caller and stay as they
 * are; int32 arrays are aligned to 4. */
typedef struct {
    const int32_t *multipliers; /* Q0.31 mantissas [channels] */
    const int8_t *shifts;       /* exponents -31..30, positive is to the left [channels] */
    int32_t right_only;         /* 1: every shift is negative, which takes a shorter loop */
    int32_t wide;               /* 1: sums may reach 2^30, which takes a longer loop */
    int32_t zero_point;         /* of the output */
    int32_t minimum, maximum;   /* fused activation, as int8 values of the output */
} mz_requantization;

/* The shifts of lines are immediates of the assembly's instructions, so each kernel has its own.
 * Blocks of packed weights (mz_packed_block.h): */
#define MZ_PACKED_LINE_SHIFT 11
/* Stem and depthwise planes: */
#define MZ_LINE_SHIFT 14
/* Depthwise planes, for channels whose multiplier is too large for the other one: */
#define MZ_LINE_SMALL_SHIFT 7

/* What stem and depthwise planes add to a channel's own offset: half of an output, and outputs
 * begin at -128. */
#define MZ_LINE_ROUND(shift) ((1 << ((shift) - 1)) - (128 << (shift)))

static inline int8_t mz_line_output(int32_t sum, int32_t multiplier, int32_t offset,
                                    int32_t shift) {
    const int32_t high = (int32_t)((int64_t)sum * multiplier >> 32);
    const int32_t value = (high + offset) >> shift;
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

static inline int8_t mz_exact_output(int32_t sum, int32_t multiplier, int32_t offset,
                                     int32_t shift) {
    return mz_line_output(sum, multiplier, offset - (sum < 0 ? 128 : 0), shift);
}

/* `count` outputs, in place, to minimum..maximum. */
void mz_clamp_outputs(int8_t *output, int32_t count, int32_t minimum, int32_t maximum);

/* `count` outputs, in place, from where they begin at -128 to where they begin at the zero point,
 * which is the layer's minimum, and to the maximum. */
void mz_move_outputs(int8_t *output, int32_t count, int32_t zero_point, int32_t maximum);

#endif
