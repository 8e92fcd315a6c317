/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* CONV_2D, int8, any window. */
#ifndef MZ_CONV_2D_S8_H
#define MZ_CONV_2D_S8_H

#include <stdint.h>

#include "kernels/mz_requantization.h"
#include "kernels/mz_window.h"

typedef struct {
    mz_extent input;
    mz_extent output;
    mz_window window;
    int32_t input_zero_point; /* what stands outside the image */
    const int8_t *weights;    /* [output channels][window height][window width][input channels] */
    const int32_t *bias;      /* [output channels], less zero point times the sum of the weights */
    mz_requantization to;
} mz_conv_2d_params;

/* Convolve one image. No alignment needed. Input and output must not overlap. */
void mz_conv_2d_s8(const mz_conv_2d_params *params, const int8_t *restrict input,
                   int8_t *restrict output);

#endif
