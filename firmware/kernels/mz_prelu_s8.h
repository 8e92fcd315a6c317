/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* PRELU, int8: values below zero times alpha, which broadcasts to the input. */
#ifndef MZ_PRELU_S8_H
#define MZ_PRELU_S8_H

#include "kernels/mz_broadcast.h"

typedef struct {
    mz_broadcast_axes axes; /* of the input and alpha */
    int32_t input_zero_point, alpha_zero_point;
    int32_t multiplier, shift;             /* input scale / output scale */
    int32_t alpha_multiplier, alpha_shift; /* input scale * scale of alpha / output scale */
    int32_t output_zero_point;
} mz_prelu_params;

/* No alignment needed. The output may lie over the input, or over an alpha that is not broadcast,
 * where it does not begin behind it. */
void mz_prelu_s8(const mz_prelu_params *params, const int8_t *input, const int8_t *alpha,
                 int8_t *output);

#endif
