/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* CONV_2D with a 3x3 window at stride 2 over one or three input channels, int8: the first layer of
 * many networks. For cores with the DSP extension; on others a twin in C.
 *
 * Input rows are widened to int16, 256 times the activation, in two shapes. Of the window's first
 * two rows each word holds a pair of values, one above the other, and all words of a window lie in
 * a run; of the third row so do its halfwords. 27 products are 14 multiply-accumulates. Every row
 * is widened once: the third row of a window is the first of the next. Outputs are made along a
 * line, with MZ_LINE_SHIFT: mz_requantization.h. */
#ifndef MZ_CONV_2D_STEM_S8_DSP_H
#define MZ_CONV_2D_STEM_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_window.h"

typedef struct {
    mz_extent input;  /* 1 or 3 channels */
    mz_extent output; /* 2 columns or more, a multiple of 4 channels */
    int32_t pad_top;  /* 0 or 1; there is none on the left */
    int32_t input_zero_point;
    /* Of every four output channels, one after the other, in words: starts of their sums; for each
     * value of a window's row (w[0], w[1]) of each channel; for each pair of values of its third
     * row (w[2], next w[2] or 0) of each; multiplier and round of each. */
    const int32_t *packed;
    int32_t zero_point, maximum; /* of the output; the minimum is the zero point */
} mz_conv_2d_stem_s8_dsp_params;

/* Input and output need no alignment; packed is aligned to 4. scratch: (2 * output width + 1) *
 * input channels values in 10 bytes each, and 4 bytes; aligned to 4, apart from both. The rows
 * of a window and one more are read before its row of outputs is written, from the top; the output
 * may lie over the input where that leaves the later rows alone. */
void mz_conv_2d_stem_s8_dsp(const mz_conv_2d_stem_s8_dsp_params *params, const int8_t *input,
                            int8_t *output, int8_t *scratch);

#endif
