/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* ADD and SUB with broadcasting, int8, where no line is TFLM's: one operand is looked up. */
#ifndef MZ_ADD_EXACT_S8_DSP_H
#define MZ_ADD_EXACT_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_broadcast.h"

/* TFLM's output is
 *
 *     twice = 256 * unit * a + others[b + 128]
 *     (round(twice * multiplier / 2^32) + offset, less 1 where twice is negative) >> shift,
 *
 * less 128, saturated to int8 and clamped. a is a value of the operand with the larger scale, which
 * is the first one unless `turned`. No output + 128 leaves 16 bits. */
typedef struct {
    mz_broadcast_axes axes;
    const int32_t *others; /* [256] */
    int32_t turned, unit;
    int32_t multiplier, offset, shift;
    int32_t minimum, maximum; /* fused activation, as int8 values of the output */
} mz_add_exact_s8_dsp_params;

/* No alignment needed. The output may lie over an operand that is not broadcast, where it does not
 * begin behind it. */
void mz_add_exact_s8_dsp(const mz_add_exact_s8_dsp_params *params, const int8_t *first,
                         const int8_t *second, int8_t *output);

#endif
