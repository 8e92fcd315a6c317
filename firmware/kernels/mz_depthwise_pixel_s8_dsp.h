/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* DEPTHWISE_CONV_2D, int8, any window of two taps or more, depth multiplier 1: pixel by pixel
 * straight from the image, four channels at a time, two taps in a product. For few output pixels,
 * where bringing channels into planes costs more than it saves. Outputs are rounded exactly: see
 * mz_requantization.h. */
#ifndef MZ_DEPTHWISE_PIXEL_S8_DSP_H
#define MZ_DEPTHWISE_PIXEL_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_window.h"

typedef struct {
    mz_extent input;  /* 4 channels or more */
    mz_extent output; /* as many channels */
    mz_window window;
    int32_t input_zero_point; /* what stands outside the image */
    /* For every four channels: biases, less zero point times the sum of the weights; for every two
     * taps t and u the bytes (t0, t1, u0, u1) and (t2, t3, u2, u3); of a last odd tap (t0, t1, t2,
     * t3); multipliers (Q0.31 mantissas); shifts to the right, less 1, as bytes of a word. For
     * every channel behind whole fours: bias, multiplier; then their shifts, less 1, as bytes; then
     * their weights as bytes, [channel][tap]. */
    const int32_t *packed;
    int32_t zero_point;       /* of the output */
    int32_t minimum, maximum; /* fused activation, as int8 values of the output */
} mz_depthwise_pixel_s8_dsp_params;

/* scratch: aligned as a pointer; room for one for each tap and for MZ_PIXEL_TAPS_BEHIND more, and
 * for a byte for each channel if a window hangs over an edge. Pixels are written in order, channel
 * by channel, when the same channels of their window are read; the output may lie over the input
 * where it keeps behind what is still to be read. */
#define MZ_PIXEL_TAPS_BEHIND 2

void mz_depthwise_pixel_s8_dsp(const mz_depthwise_pixel_s8_dsp_params *params,
                               const int8_t *input, int8_t *output, int8_t *scratch);

#endif
