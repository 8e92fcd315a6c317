/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* ADD and SUB with broadcasting, int8, along a line: see mz_requantization.h. */
#ifndef MZ_ADD_S8_DSP_H
#define MZ_ADD_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_broadcast.h"

/* An immediate of the assembly's instructions. */
#define MZ_ADD_SHIFT 20

/* The generator has proven for every pair of values that
 *
 *     (high(first * a * 2^24) + high(second * b * 2^24) + start) >> MZ_ADD_SHIFT,
 *
 * saturated to int8, moved and clamped (mz_move_outputs) is TFLM's output, and that sums stay within
 * 32 bits. high: the upper word of a signed 64-bit product. */
typedef struct {
    mz_broadcast_axes axes;
    int32_t first, second, start;
    int32_t zero_point, maximum; /* of the output: its minimum, and the fused activation */
} mz_add_s8_dsp_params;

/* No alignment needed. The output may lie over an operand that is not broadcast, where it does not
 * begin behind it. */
void mz_add_s8_dsp(const mz_add_s8_dsp_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output);

#endif
