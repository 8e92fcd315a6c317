/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* SQUARED_DIFFERENCE with broadcasting, int8, four values at a time. */
#ifndef MZ_SQUARED_DIFFERENCE_S8_DSP_H
#define MZ_SQUARED_DIFFERENCE_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_broadcast.h"

/* The generator has proven for every pair of values that
 *
 *     difference = 64 * a + others[b + 128],
 *     (high(difference * difference * multiplier) + offset >> shift) - 128,
 *
 * saturated to int8, is TFLM's output, and that neither a difference nor an output + 128 leaves 16
 * bits. a is a value of the operand with the larger scale, which is the first one unless `turned`. */
typedef struct {
    mz_broadcast_axes axes;
    const int16_t *others; /* [256] */
    int32_t turned;
    int32_t multiplier, offset, shift;
} mz_squared_difference_s8_dsp_params;

/* No alignment needed. The output may lie over an operand that is not broadcast, where it does not
 * begin behind it. */
void mz_squared_difference_s8_dsp(const mz_squared_difference_s8_dsp_params *params,
                                  const int8_t *first, const int8_t *second, int8_t *output);

#endif
