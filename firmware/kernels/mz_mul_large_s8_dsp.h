/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* MUL with broadcasting, int8, of a factor of a half or more: four products of a row at a time. TFLM
 * rounds these once. */
#ifndef MZ_MUL_LARGE_S8_DSP_H
#define MZ_MUL_LARGE_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_broadcast.h"

typedef struct {
    mz_broadcast_axes axes;
    int32_t first_zero_point, second_zero_point;
    /* From products to outputs: round((product << up) * multiplier / 2^32) + output_zero_point. */
    int32_t multiplier, up;
    int32_t output_zero_point;
    int32_t minimum, maximum; /* fused activation, as int8 values of the output */
} mz_mul_large_s8_dsp_params;

/* No alignment needed. The output may lie over an operand that is not broadcast, where it does not
 * begin behind it. */
void mz_mul_large_s8_dsp(const mz_mul_large_s8_dsp_params *params, const int8_t *first,
                         const int8_t *second, int8_t *output);

#endif
