/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_pointwise_s8_dsp.h"

#include "kernels/mz_packed_block.h"
#include "kernels/mz_requantization.h"

/* All pixels, `count` channels of each from `first` on. */
static void run_slice(const mz_pointwise_s8_dsp_params *params, int32_t first, int32_t count,
                      const int8_t *input, int8_t *output, int8_t *scratch) {
    const int32_t depth = params->depth, channels = params->channels, rows = params->rows;
    const int32_t *const packed =
        params->packed + first / 2 * mz_block_stream_words(params->exact, depth);
    mz_block_job job;
    mz_block_prepare(&job, packed, params->exact, depth, count, scratch);
    job.input_step = (MZ_BLOCK_PIXELS - 1) * depth;
    job.output_step = MZ_BLOCK_PIXELS * channels - count;

    int32_t done = 0;
    while (done < rows) {
        const int32_t left = rows - done;
        /* The last pixels are too few for a block: the first of them stands in for the others. */
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            const int32_t pixel = done + (i < left ? i : 0);
            job.input[i] = input + pixel * depth;
            job.output[i] = output + pixel * channels + first;
        }
        job.blocks = left < MZ_BLOCK_PIXELS ? 1 : left / MZ_BLOCK_PIXELS;
        mz_block_run(&job);
        done += job.blocks * MZ_BLOCK_PIXELS;
    }
}

void mz_pointwise_s8_dsp(const mz_pointwise_s8_dsp_params *params, const int8_t *input,
                         int8_t *output, int8_t *scratch) {
    const int32_t channels = params->channels;
    for (int32_t first = 0; first < channels; first += params->slice) {
        const int32_t left = channels - first;
        run_slice(params, first, left < params->slice ? left : params->slice, input, output,
                  scratch);
    }
    mz_clamp_outputs(output, params->rows * channels, params->minimum, params->maximum);
}
