/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* MUL with broadcasting, int8, four products of a row at a time, rounded exactly. */
#ifndef MZ_MUL_S8_DSP_H
#define MZ_MUL_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_broadcast.h"

typedef struct {
    int32_t sizes[MZ_BROADCAST_RANK]; /* of the output, outermost first */
    /* In elements, outermost first; 0 where the factor is broadcast. */
    int32_t first_strides[MZ_BROADCAST_RANK], second_strides[MZ_BROADCAST_RANK];
    int32_t first_zero_point, second_zero_point;
    int32_t multiplier, offset, shift; /* mz_requantization.h, exact */
    int32_t minimum, maximum;          /* fused activation, as int8 values of the output */
} mz_mul_s8_dsp_params;

/* No alignment needed. The output may lie over an operand that is not broadcast, where it does not
 * begin behind it. */
void mz_mul_s8_dsp(const mz_mul_s8_dsp_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output);

#endif
