/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* DEPTHWISE_CONV_2D, int8, of any window, stride, dilation and depth multiplier, but not of a stride
 * and a dilation along rows at once. Outputs are rounded exactly: see mz_requantization.h. */
#ifndef MZ_DEPTHWISE_CONV_2D_S8_DSP_H
#define MZ_DEPTHWISE_CONV_2D_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_window.h"

typedef struct {
    mz_extent input;
    mz_extent output; /* output channels = input channels * depth multiplier */
    mz_window window;
    /* Bytes of both images from pixel to pixel and from row to row. Where rows are quicker to take as
     * columns, these tell it, and all heights and widths are exchanged. */
    int32_t input_pixel_bytes, input_row_bytes;
    int32_t output_pixel_bytes, output_row_bytes;
    int32_t depth_multiplier;
    int32_t input_zero_point;   /* what stands outside the image */
    int32_t strip;              /* output rows that are computed at a time */
    int32_t tile;               /* output columns; of dilated windows, those that read the same ones */
    const int8_t *weights;      /* [output channel][window height][window width] */
    const int32_t *bias;        /* [output channels], less zero point times the sum of the weights */
    const int32_t *multipliers; /* Q0.31 mantissas [output channels] */
    const int8_t *shifts;       /* to the right, 1 to 24 [output channels] */
    int32_t zero_point;         /* of the output */
    int32_t minimum, maximum;   /* fused activation, as int8 values of the output */
} mz_depthwise_conv_2d_s8_dsp_params;

/* scratch: aligned to 4. The output may lie over the input where every strip is written before what
 * its first row and all later ones read. No other alignment needed. */
void mz_depthwise_conv_2d_s8_dsp(const mz_depthwise_conv_2d_s8_dsp_params *params,
                                 const int8_t *input, int8_t *output, int8_t *scratch);

#endif
