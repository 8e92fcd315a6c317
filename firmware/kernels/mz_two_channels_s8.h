/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* FULLY_CONNECTED, int8, and CONV_2D of one pixel, of few long rows to two channels: weights of both
 * are read as one run of bytes, which a flash gives ahead of time, and a core does not wait for two. */
#ifndef MZ_TWO_CHANNELS_S8_H
#define MZ_TWO_CHANNELS_S8_H

#include <stdint.h>

#include "kernels/mz_requantization.h"

typedef struct {
    int32_t rows;
    int32_t depth;         /* input values of a row, a multiple of 4 and not 0 */
    const int8_t *weights; /* [depth / 4][2][4] */
    const int32_t *bias;   /* [2], less input zero point times the sum of the weights */
    mz_requantization to;
} mz_two_channels_s8_params;

/* output[rows][2] from input[rows][depth]. No alignment needed. Input and output must not overlap. */
void mz_two_channels_s8(const mz_two_channels_s8_params *params, const int8_t *restrict input,
                        int8_t *restrict output);

#endif
