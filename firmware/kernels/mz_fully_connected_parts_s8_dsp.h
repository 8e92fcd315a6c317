/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* FULLY_CONNECTED, int8, some inputs at a time: of a part of a row sums are small enough for packed
 * weights, however long the row and however large the bias is.
 *
 * For cores with the DSP extension; on others a twin in C reads the same packed weights. */
#ifndef MZ_FULLY_CONNECTED_PARTS_S8_DSP_H
#define MZ_FULLY_CONNECTED_PARTS_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_requantization.h"

typedef struct {
    int32_t rows;
    int32_t depth;    /* input values of a row */
    int32_t channels; /* output values of a row */
    int32_t part;     /* inputs at a time, a multiple of 8; the last part may have fewer */
    /* Of each exception the channel and the input, channels not descending: a weight of -128 that
     * has no room beside the next one, and stands as -127 below.
     * Then for every MZ_BLOCK_CHANNELS channels (mz_requantize_block.h), for every part, for every
     * four channels, the last filled up with zeros, in words:
     *   start of the four sums;
     *   for every four inputs a word of each channel, as in mz_packed_s8.h; the number of these
     *   groups is even, and weights without inputs are zero. */
    const int32_t *packed;
    int32_t exceptions;
    const int32_t *bias; /* [channels], less input zero point times the sum of the weights */
    mz_requantization to;
} mz_fully_connected_parts_s8_dsp_params;

/* output[rows][channels] from input[rows][depth]. Input and output need no alignment; they do not overlap.
 * packed is aligned to 4. scratch, in bytes: twice a part, or twice the depth rounded up to a
 * multiple of 8 if that is less; aligned to 4, apart from both. */
void mz_fully_connected_parts_s8_dsp(const mz_fully_connected_parts_s8_dsp_params *params,
                                     const int8_t *restrict input, int8_t *restrict output,
                                     int8_t *restrict scratch);

#endif
