/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* A pointwise convolution and a 3x3 depthwise one that alone reads its output, strip by strip: the
 * image between them exists as rows of int16 planes only, just as the depthwise loops read them, so
 * that nothing is widened and the image takes no memory of its own. */
#ifndef MZ_POINTWISE_DEPTHWISE_S8_DSP_H
#define MZ_POINTWISE_DEPTHWISE_S8_DSP_H

#include "kernels/mz_depthwise_3x3_s8_dsp.h"
#include "kernels/mz_pointwise_s8_dsp.h"

typedef struct {
    /* rows: of one row of the image, a multiple of 4; channels: even; outputs along a straight line,
     * which nothing clamps. slice: so many channels go through both kernels before the next ones; a
     * multiple of the panel, or all. */
    mz_pointwise_s8_dsp_params pointwise;
    /* Its window begins one column before the image at stride 1, and with the image at stride 2. */
    mz_depthwise_3x3_s8_dsp_params depthwise;
    /* Channels whose planes share rows: an even number, or 1; at most
     * MZ_PLANE_ROW / (width + MZ_PLANES_GAP). */
    int32_t panel;
} mz_pointwise_depthwise_s8_dsp_params;

/* Between neighbouring channels' planes: the padding right of the one and left of the other. */
#define MZ_PLANES_GAP 2

/* Input and output need no alignment; both params' arrays are aligned to 4. Outputs are those of
 * the two kernels one after the other. scratch, aligned to 4 and apart from both:
 * MZ_DEPTHWISE_SCRATCH_ROW bytes for every panel's (strip - 1) * stride + 3 rows, and for `stride`
 * rows more if strips have one row of one or two columns, 16 bytes, and the pointwise kernel's. Input
 * rows are read as strips need them, from the top, and a strip is written when it has all of its own,
 * so the output of a single slice may lie over the input where it starts far enough before it. */
void mz_pointwise_depthwise_s8_dsp(const mz_pointwise_depthwise_s8_dsp_params *params,
                                   const int8_t *input, int8_t *output, int8_t *scratch);

#endif
