/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* FULLY_CONNECTED, int8, and CONV_2D with a 1x1 window at stride 1, to one channel: rows go by pairs,
 * where other kernels take channels by pairs. */
#ifndef MZ_LONE_CHANNEL_S8_H
#define MZ_LONE_CHANNEL_S8_H

#include <stdint.h>

#include "kernels/mz_requantization.h"

typedef struct {
    int32_t rows;
    int32_t depth;         /* input values of a row */
    const int8_t *weights; /* [depth] */
    int32_t bias;          /* less input zero point times the sum of the weights */
    mz_requantization to;  /* the channel's MZ_BLOCK_CHANNELS times (mz_requantize_block.h) */
} mz_lone_channel_s8_params;

/* output[rows] from input[rows][depth]. No alignment needed. MZ_BLOCK_CHANNELS rows are read before
 * their outputs are written, from the first to the last, so the output may lie over the input where
 * it does not begin too far behind it. */
void mz_lone_channel_s8(const mz_lone_channel_s8_params *params, const int8_t *input,
                        int8_t *output);

#endif
