/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* CONV_2D with a 1x1 window at stride 1, and FULLY_CONNECTED of several rows, int8: four pixels by
 * two channels at a time, weights packed ahead of time.
 *
 * For cores with the DSP extension; on others a twin in C reads the same packed weights. */
#ifndef MZ_POINTWISE_S8_DSP_H
#define MZ_POINTWISE_S8_DSP_H

#include <stdint.h>

typedef struct {
    int32_t rows;     /* pixels */
    int32_t depth;    /* input channels, a multiple of 4 */
    int32_t channels; /* output channels, at least 2 */
    /* One stream per pair of output channels (c, c + 1), one after the other; an odd last channel
     * is paired with the one before it, which is then computed twice. A stream is, in words:
     *   start of sum c, of c + 1;
     *   for every four input channels (k .. k + 3) a word of c and one of c + 1, whose halfwords
     *   are 256 * w[k + 1] + w[k] and 256 * w[k + 3] + w[k + 2];
     *   then, exact = 0: multiplier of c, of c + 1, offset;
     *         exact = 1: multiplier, offset, shift of c; the same of c + 1. */
    const int32_t *packed;
    /* So many output channels are computed of all pixels before the next ones: the data cache holds
     * their weights. An even number, or all channels; at least 2 are left for the last slice. */
    int32_t slice;
    int32_t exact;            /* how sums become outputs: see mz_requantization.h */
    int32_t minimum, maximum; /* fused activation, as int8 values of the output */
} mz_pointwise_s8_dsp_params;

/* output[rows][channels] from input[rows][depth]. Input and output need no alignment; packed is
 * aligned to 4. scratch: MZ_BLOCK_SCRATCH(depth) bytes, aligned to 4, apart from both. Four rows are
 * read before their four outputs are written, from the first row to the last, so the output of a
 * single slice may lie over the input where it starts far enough before it. */
void mz_pointwise_s8_dsp(const mz_pointwise_s8_dsp_params *params, const int8_t *input,
                         int8_t *output, int8_t *scratch);

#endif
