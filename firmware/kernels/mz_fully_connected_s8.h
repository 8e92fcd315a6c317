/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* FULLY_CONNECTED, int8, and CONV_2D with a 1x1 window at stride 1, where each pixel is a row. */
#ifndef MZ_FULLY_CONNECTED_S8_H
#define MZ_FULLY_CONNECTED_S8_H

#include <stdint.h>

#include "kernels/mz_requantization.h"

typedef struct {
    int32_t rows;
    int32_t depth;         /* input values of a row */
    int32_t channels;      /* output values of a row */
    const int8_t *weights; /* [channels][depth] */
    const int32_t *bias;   /* [channels], less input zero point times the sum of the weights */
    mz_requantization to;
} mz_fully_connected_params;

/* output[rows][channels] = input[rows][depth] times the transposed weights, plus bias, requantized.
 * No alignment needed. Input and output must not overlap. */
void mz_fully_connected_s8(const mz_fully_connected_params *params, const int8_t *restrict input,
                           int8_t *restrict output);

#endif
