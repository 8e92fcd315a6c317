/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* TRANSPOSE_CONV, int8, any window. */
#ifndef MZ_TRANSPOSE_CONV_S8_H
#define MZ_TRANSPOSE_CONV_S8_H

#include <stdint.h>

#include "kernels/mz_requantization.h"
#include "kernels/mz_window.h"

typedef struct {
    mz_extent input;
    mz_extent output;
    mz_window window; /* slides over the output, a step for each input pixel; no dilation */
    int32_t input_zero_point;
    const int8_t *weights; /* [output channels][window height][window width][input channels] */
    const int32_t *bias;   /* [output channels], as in the model */
    mz_requantization to;
} mz_transpose_conv_params;

/* One image. No alignment needed. Input and output must not overlap. */
void mz_transpose_conv_s8(const mz_transpose_conv_params *params, const int8_t *restrict input,
                          int8_t *restrict output);

#endif
