/* A pointwise convolution and the 3x3 depthwise one that reads it, row by row: what lies between
 * them is never whole in memory. */
#ifndef MZ_POINTWISE_DEPTHWISE_S8_DSP_H
#define MZ_POINTWISE_DEPTHWISE_S8_DSP_H

#include <stdint.h>

#include "kernels/mz_depthwise_3x3_s8_dsp.h"
#include "kernels/mz_pointwise_s8_dsp.h"

typedef struct {
    mz_pointwise_s8_dsp_params pointwise; /* rows: the pixels of one row of the image */
    mz_depthwise_3x3_s8_dsp_params depthwise;
    int32_t ring_rows; /* what a strip of the depthwise convolution reads */
} mz_pointwise_depthwise_s8_dsp_params;

/* scratch: ring_rows rows of the depthwise convolution's input, rounded up to 16 bytes, then the
 * larger of both kernels' scratch; aligned to 16. All input rows that a strip of output needs are
 * read before the strip is written, so the output may lie over the input where it starts far enough
 * before it. */
void mz_pointwise_depthwise_s8_dsp(const mz_pointwise_depthwise_s8_dsp_params *params,
                                   const int8_t *input, int8_t *output, int8_t *scratch);

#endif
