/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* From sums to outputs in one line where TFLM rounds twice, for layers whose activation clamps at
 * the output's zero point:
 *
 * output = (high(sum * multiplier) + round) >> shift, saturated to int8; `high` is the upper word of
 * the signed 64-bit product. The generator proves for every channel that this is TFLM's
 * rounding for every sum that the layer can reach (mcuzoo/lowering/requantization.py). */
#ifndef MZ_LINE_H
#define MZ_LINE_H

#include <stdint.h>

#define MZ_LINE_SHIFT 14
/* Where a kernel has two: for channels whose multiplier is too large for the other one. */
#define MZ_LINE_SMALL_SHIFT 7
/* Half of an output, and outputs begin at -128. A channel's own round is added to it. */
#define MZ_LINE_ROUND(shift) ((1 << ((shift) - 1)) - (128 << (shift)))

static inline int8_t mz_line_output(uint32_t sum, int32_t multiplier, int32_t round,
                                    int32_t shift) {
    const int32_t high = (int32_t)((int64_t)(int32_t)sum * multiplier >> 32);
    const int32_t value = (high + round) >> shift;
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

/* For any other zero point or maximum; the minimum is the zero point. */
static inline void mz_line_clamp(int8_t *output, int32_t count, int32_t zero_point,
                                 int32_t maximum) {
    if (zero_point == -128 && maximum == 127) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = output[i] + zero_point + 128;
        output[i] = (int8_t)(value > maximum ? maximum : value);
    }
}

#endif
