#include "kernels/mz_pointwise_depthwise_s8_dsp.h"

void mz_pointwise_depthwise_s8_dsp(const mz_pointwise_depthwise_s8_dsp_params *params,
                                   const int8_t *input, int8_t *output, int8_t *scratch) {
    const mz_depthwise_3x3_s8_dsp_params *const next = &params->depthwise;
    const int32_t row_bytes = next->input.width * next->input.channels;
    const int32_t input_row_bytes = params->pointwise.rows * params->pointwise.depth;
    const int32_t output_row_bytes = next->output.width * next->output.channels;
    int8_t *const ring = scratch;
    int8_t *const rest = scratch + ((params->ring_rows * row_bytes + 15) & ~15);
    int32_t made = 0;
    for (int32_t y = 0; y < next->output.height; y += next->strip) {
        const int32_t left = next->output.height - y;
        const int32_t count = left < next->strip ? left : next->strip;
        const int32_t end = (y + count - 1) * next->stride - next->pad_top + 3;
        for (; made < end && made < next->input.height; made++) {
            mz_pointwise_s8_dsp(&params->pointwise, input + made * input_row_bytes,
                                ring + made % params->ring_rows * row_bytes, rest);
        }
        mz_depthwise_3x3_rows(next, ring, params->ring_rows, y, count, output, rest);
        output += count * output_row_bytes;
    }
}
