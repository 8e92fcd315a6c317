/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_pointwise_s8_dsp.h"

#include "kernels/mz_packed_block.h"
#include "kernels/mz_requantization.h"

void mz_pointwise_s8_dsp(const mz_pointwise_s8_dsp_params *params, const int8_t *input,
                         int8_t *output, int8_t *scratch) {
    const int32_t depth = params->depth, channels = params->channels, rows = params->rows;
    mz_block_job job;
    mz_block_prepare(&job, params->packed, params->exact, depth, channels, scratch);
    job.input_step = (MZ_BLOCK_PIXELS - 1) * depth;
    job.output_step = (MZ_BLOCK_PIXELS - 1) * channels;

    int32_t done = 0;
    while (done < rows) {
        const int32_t left = rows - done;
        /* The last pixels are too few for a block: the first of them stands in for the others. */
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            const int32_t pixel = done + (i < left ? i : 0);
            job.input[i] = input + pixel * depth;
            job.output[i] = output + pixel * channels;
        }
        job.blocks = left < MZ_BLOCK_PIXELS ? 1 : left / MZ_BLOCK_PIXELS;
        mz_block_run(&job);
        done += job.blocks * MZ_BLOCK_PIXELS;
    }
    mz_clamp_outputs(output, rows * channels, params->minimum, params->maximum);
}
