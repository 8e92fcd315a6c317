/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* PRELU, int8, four values of a row at a time, rounded exactly. */
#ifndef MZ_PRELU_S8_DSP_H
#define MZ_PRELU_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_broadcast.h"

/* From a number to a part of the output: (high((number << up) * multiplier) + offset) >> shift, where
 * high is the upper word of a signed 64-bit product; of negative numbers less 128, if bend is -1. */
typedef struct {
    int32_t up, multiplier, offset, shift, bend;
} mz_prelu_part;

typedef struct {
    int32_t sizes[MZ_BROADCAST_RANK]; /* of input and output, outermost first */
    /* In elements, outermost first; 0 where alpha is broadcast. */
    int32_t input_strides[MZ_BROADCAST_RANK], alpha_strides[MZ_BROADCAST_RANK];
    int32_t input_zero_point, alpha_zero_point;
    mz_prelu_part kept;   /* of values above zero; the output's zero point is part of its offset */
    mz_prelu_part leaked; /* of values below zero times alpha */
} mz_prelu_s8_dsp_params;

/* No alignment needed. The output may lie over the input where it does not begin behind it. */
void mz_prelu_s8_dsp(const mz_prelu_s8_dsp_params *params, const int8_t *input,
                     const int8_t *alpha, int8_t *output);

#endif
