/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_fully_connected_s8_dsp.h"

#include "kernels/mz_packed_row.h"
#include "kernels/mz_requantization.h"

/* Words of a stream behind its weights: multipliers, offsets, and one of shifts. */
#define LAST_WORDS (2 * MZ_ROW_CHANNELS + 1)

void mz_fully_connected_s8_dsp(const mz_fully_connected_s8_dsp_params *params,
                               const int8_t *input, int8_t *output, int8_t *scratch) {
    const int32_t depth = params->depth, channels = params->channels;
    const int32_t loops = (depth + 7) / 8;
    const int32_t stream =
        MZ_ROW_CHANNELS * (2 * loops + 1) + (params->alike ? 0 : LAST_WORDS);
    const int32_t passes = (loops - 1 + MZ_ROW_UNROLL - 1) / MZ_ROW_UNROLL;
    const int32_t whole = channels / MZ_ROW_CHANNELS, left = channels % MZ_ROW_CHANNELS;
    int32_t *const mixed = (int32_t *)(void *)scratch;

    mz_row_job job = {
        .scratch = mixed,
        .scratch_end = mixed + 4 * loops,
        .skip = passes * MZ_ROW_UNROLL - (loops - 1),
        .alike = params->alike,
        .multiplier = params->multiplier,
        .offset = params->offset,
        .shift = params->shift,
    };
    for (int32_t row = 0; row < params->rows; row++) {
        mz_row_mix_all(input, depth, mixed);
        job.weights = params->packed;
        job.weights_end = params->packed + whole * stream;
        job.output = output;
        if (whole) {
            mz_row_run(&job);
        }
        if (left) {
            int8_t last[MZ_ROW_CHANNELS];
            job.weights = job.weights_end;
            job.weights_end += stream;
            job.output = last;
            mz_row_run(&job);
            for (int32_t c = 0; c < left; c++) {
                output[whole * MZ_ROW_CHANNELS + c] = last[c];
            }
        }
        mz_clamp_outputs(output, channels, params->minimum, params->maximum);
        input += depth;
        output += channels;
    }
}
