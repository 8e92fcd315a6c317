/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* CONV_2D, int8, any window: four output pixels by two channels at a time, weights packed ahead of
 * time.
 *
 * For cores with the DSP extension; on others a twin in C reads the same packed weights. */
#ifndef MZ_CONV_2D_S8_DSP_H
#define MZ_CONV_2D_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_window.h"

/* On the stack: a pixel that is outside of the image, or four gathered windows. */
#define MZ_CONV_BUFFER_BYTES 576

typedef struct {
    mz_extent input;
    mz_extent output; /* at least 2 channels */
    mz_window window;
    int32_t input_zero_point; /* what stands outside the image */
    int32_t depth; /* window height * width * input channels, rounded up to quads; and repeated */
    int32_t repeated; /* inputs that are read twice, a multiple of 4 */
    /* As mz_pointwise_s8_dsp's, over the inputs of a window: [y][x][input channel], then zeros, then
     * those that are repeated, as of a weight of -128 that has no room beside the next one: -127
     * and -1. Behind all streams the places in the window of what is repeated, which are even. */
    const int32_t *packed;
    int32_t slice; /* output channels that are computed of all pixels before the next ones */
    int32_t exact;            /* how sums become outputs: see mz_requantization.h */
    int32_t minimum, maximum; /* fused activation, as int8 values of the output */
} mz_conv_2d_s8_dsp_params;

/* Convolve one image. Input and output need no alignment and must not overlap. packed: aligned to
 * 4. scratch, aligned to 4, apart from both: MZ_BLOCK_SCRATCH(depth) bytes. What stands outside the
 * image, a pixel of the input, or, if its channels are no multiple of 4, four windows without
 * what is repeated, are behind them where they take more than MZ_CONV_BUFFER_BYTES. */
void mz_conv_2d_s8_dsp(const mz_conv_2d_s8_dsp_params *params, const int8_t *input,
                       int8_t *output, int8_t *scratch);

#endif
