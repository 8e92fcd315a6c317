/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* DEPTHWISE_CONV_2D, int8, of an image of one row: a window of one row of two taps or more, stride
 * 1, no dilation, depth multiplier 1. Outputs are rounded exactly: see mz_requantization.h. */
#ifndef MZ_DEPTHWISE_ROW_S8_DSP_H
#define MZ_DEPTHWISE_ROW_S8_DSP_H

#include <stdint.h>

typedef struct {
    int32_t input_width;
    int32_t output_width; /* 4 or more */
    int32_t channels;     /* 4 or more */
    int32_t taps;         /* of the window */
    int32_t pad_left;
    int32_t input_zero_point;   /* what stands outside the image */
    int32_t tile;               /* output columns at a time; 4 or more, of the last one, too */
    const int8_t *weights;      /* [channel][tap] */
    const int32_t *bias;        /* [channels], less zero point times the sum of the weights */
    const int32_t *multipliers; /* Q0.31 mantissas [channels] */
    const int8_t *shifts;       /* to the right, 1 to 24 [channels] */
    int32_t zero_point;         /* of the output */
    int32_t minimum, maximum;   /* fused activation, as int8 values of the output */
} mz_depthwise_row_s8_dsp_params;

/* scratch: aligned to 4; MZ_ROW_SCRATCH_BYTES. The output may lie over the input where every tile
 * is written before what it and all later ones read. */
#define MZ_ROW_PLANE_WORDS(tile, taps) (((tile) + (taps)) / 2 + 2)
#define MZ_ROW_WEIGHT_WORDS(taps) (((taps) / 4 + 1) * 4 + 4)
#define MZ_ROW_SCRATCH_BYTES(tile, taps) \
    (4 * (4 * MZ_ROW_PLANE_WORDS(tile, taps) + MZ_ROW_WEIGHT_WORDS(taps)))

void mz_depthwise_row_s8_dsp(const mz_depthwise_row_s8_dsp_params *params, const int8_t *input,
                             int8_t *output, int8_t *scratch);

#endif
