/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* PRELU, int8, four values at a time. */
#ifndef MZ_PRELU_S8_DSP_H
#define MZ_PRELU_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_broadcast.h"

/* The output is
 *
 *     kept = (keep * what the input is above its zero point, 0 or more, >> 16) + offset
 *     product = what it is below, 0 or less, times alpha less its zero point
 *     (round(2 * product * multiplier / 2^32) + kept, less 1 where the product is negative) >> shift
 *
 * less 128, saturated to int8. The generator has proven that this is TFLM's output of every value
 * that is not below the zero point, and that no output + 128 leaves 16 bits. */
typedef struct {
    mz_broadcast_axes axes; /* of the input and alpha */
    int32_t input_zero_point, alpha_zero_point;
    int32_t keep, offset;
    int32_t multiplier, shift;
} mz_prelu_s8_dsp_params;

/* No alignment needed. The output may lie over the input where it does not begin behind it. */
void mz_prelu_s8_dsp(const mz_prelu_s8_dsp_params *params, const int8_t *input,
                     const int8_t *alpha, int8_t *output);

#endif
