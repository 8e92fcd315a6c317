/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_fully_connected_parts_s8_dsp.h"

#include "kernels/mz_packed_row.h"
#include "kernels/mz_requantize_block.h"

_Static_assert(MZ_BLOCK_CHANNELS % MZ_ROW_CHANNELS == 0, "a block consists of whole streams");

/* Totals of `fours` times four channels, and the stream behind theirs. */
static const int32_t *add_parts(const mz_fully_connected_parts_s8_dsp_params *params,
                                const int8_t *input, const int32_t *stream, int32_t fours,
                                int32_t *totals, int32_t *mixed) {
    for (int32_t first = 0; first < params->depth; first += params->part) {
        const int32_t left = params->depth - first;
        const int32_t count = left < params->part ? left : params->part;
        const int32_t loops = (count + 7) / 8;
        const int32_t passes = (loops - 1 + MZ_ROW_UNROLL - 1) / MZ_ROW_UNROLL;
        const mz_row_job job = {
            .output = (int8_t *)totals,
            .weights_end = stream + fours * MZ_ROW_CHANNELS * (2 * loops + 1),
            .scratch = mixed,
            .scratch_end = mixed + 4 * loops,
            .skip = passes * MZ_ROW_UNROLL - (loops - 1),
            .weights = stream,
        };
        mz_row_mix_all(input + first, count, mixed);
        mz_row_add(&job);
        stream = job.weights_end;
    }
    return stream;
}

static void run_row(const mz_fully_connected_parts_s8_dsp_params *params, const int8_t *input,
                    int8_t *output, int32_t *mixed) {
    const int32_t channels = params->channels;
    const int32_t *exception = params->packed;
    const int32_t *stream = params->packed + 2 * params->exceptions;
    const int32_t *const no_exception = stream;
    int32_t totals[MZ_BLOCK_CHANNELS];

    for (int32_t first = 0; first < channels; first += MZ_BLOCK_CHANNELS) {
        const int32_t left = channels - first;
        const int32_t count = left < MZ_BLOCK_CHANNELS ? left : MZ_BLOCK_CHANNELS;
        const int32_t fours = (count + MZ_ROW_CHANNELS - 1) / MZ_ROW_CHANNELS;
        for (int32_t c = 0; c < MZ_ROW_CHANNELS * fours; c++) {
            totals[c] = c < count ? params->bias[first + c] : 0;
        }
        stream = add_parts(params, input, stream, fours, totals, mixed);
        for (; exception != no_exception && exception[0] < first + count; exception += 2) {
            totals[exception[0] - first] -= input[exception[1]];
        }
        mz_requantize_block(&params->to, totals, first, count, output);
    }
}

void mz_fully_connected_parts_s8_dsp(const mz_fully_connected_parts_s8_dsp_params *params,
                                     const int8_t *restrict input, int8_t *restrict output,
                                     int8_t *restrict scratch) {
    for (int32_t row = 0; row < params->rows; row++) {
        run_row(params, input, output, (int32_t *)(void *)scratch);
        input += params->depth;
        output += params->channels;
    }
}
