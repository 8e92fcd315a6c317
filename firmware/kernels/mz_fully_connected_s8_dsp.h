/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* FULLY_CONNECTED, int8, of one row or few: four channels at a time, weights packed ahead of time.
 *
 * For cores with the DSP extension; on others a twin in C reads the same packed weights. */
#ifndef MZ_FULLY_CONNECTED_S8_DSP_H
#define MZ_FULLY_CONNECTED_S8_DSP_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t depth;    /* input values of a row */
    int32_t channels; /* output values of a row */
    /* One stream for every four channels, the last filled up with zeros. In words:
     *   start of the four sums;
     *   for every four inputs a word of each channel, as in mz_packed_s8.h; the number of these
     *   groups is even, and weights without inputs are zero;
     *   unless channels are alike, four multipliers, four offsets, and four shifts in the bytes of
     *   one word. */
    const int32_t *packed;
    int32_t alike;                     /* all channels have these: */
    int32_t multiplier, offset, shift; /* mz_requantization.h, exact */
    int32_t minimum, maximum;          /* fused activation, as int8 values of the output */
} mz_fully_connected_s8_dsp_params;

/* output[rows][channels] from input[rows][depth]. Input and output need no alignment; packed is
 * aligned to 4. scratch, in bytes: twice depth rounded up to a multiple of 8; aligned to 4, apart
 * from both. A row is read before its output is written, from the first row to the last, so the
 * output may lie over the input where it starts far enough before it. */
void mz_fully_connected_s8_dsp(const mz_fully_connected_s8_dsp_params *params,
                               const int8_t *input, int8_t *output, int8_t *scratch);

#endif
