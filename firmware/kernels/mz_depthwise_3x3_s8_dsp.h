/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* DEPTHWISE_CONV_2D with a 3x3 window at stride 1 or 2, int8, depth multiplier 1, no dilation, for
 * cores with the DSP extension.
 *
 * A strip of input rows is widened to int16 and brought from NHWC into planes, four channels at a
 * time, so that one multiply-accumulate takes two taps and a channel's weights stay in registers
 * for the whole strip. Where the window hangs over the edge the planes hold the input zero point,
 * so padding costs nothing.
 *
 * sum = start + 256 * activations * weights, in 32 bits; complete sums are within range. Outputs
 * are made along a line, with MZ_LINE_SHIFT or MZ_LINE_SMALL_SHIFT: mz_requantization.h. */
#ifndef MZ_DEPTHWISE_3X3_S8_DSP_H
#define MZ_DEPTHWISE_3X3_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_window.h"

#define MZ_DEPTHWISE_WORDS 5

typedef struct {
    mz_extent input;  /* 4 channels or more */
    mz_extent output; /* as many channels */
    int32_t stride;
    int32_t pad_top, pad_left; /* 0 or 1 */
    int32_t input_zero_point;
    int32_t strip; /* output rows that are computed at a time */
    int32_t tile;  /* output columns: 64 / stride at most, or all */
    /* Every channel's start, multiplier and three words of bytes, weights as w[y * 3 + x]:
     * (w0, w3, w1, w4), (w6, w2, w7, w5), (w8, 1 for the small shift or 0, and round as a halfword). */
    const int32_t *channels;
    int32_t zero_point, maximum; /* of the output; the minimum is the zero point */
} mz_depthwise_3x3_s8_dsp_params;

/* Input and output need no alignment; channels is aligned to 4. scratch: MZ_DEPTHWISE_SCRATCH_ROW
 * bytes for each of the strip's (strip - 1) * stride + 3 input rows, or of two output rows' where a
 * tile has one or two columns, aligned to 4, apart from both.
 * A strip is read before it is written, strips from the top, so the output may lie over the input
 * where it starts far enough before it. */
#define MZ_DEPTHWISE_SCRATCH_ROW 544

void mz_depthwise_3x3_s8_dsp(const mz_depthwise_3x3_s8_dsp_params *params, const int8_t *input,
                             int8_t *output, int8_t *scratch);

#endif
