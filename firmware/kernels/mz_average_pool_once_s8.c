/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_average_pool_once_s8.h"

#include "kernels/mz_pool_sums.h"
#include "kernels/mz_requantization.h"

/* Channels at a time. */
#define MOST (MZ_POOL_BYTES / 2)

void mz_average_pool_once_s8(const mz_pool_params *params, const int8_t *input, int8_t *output) {
    const mz_window window = params->window;
    const int32_t width = params->input.width, channels = params->input.channels;
    const mz_taps rows = mz_taps_inside(-window.pad_top, window.height, 1, params->input.height);
    const mz_taps columns = mz_taps_inside(-window.pad_left, window.width, 1, width);
    const mz_pool_taps taps = {
        .rows = rows.end - rows.first,
        .row_step = width * channels,
        .columns = columns.end - columns.first,
        .column_step = channels,
    };
    int32_t sums[MOST / 2];
    for (int32_t c = 0; c < channels; c += MOST) {
        const int32_t many = channels - c < MOST ? channels - c : MOST;
        mz_pool_add_down(input + c, &taps, many, sums);
        mz_pool_divide(sums, many, 1, many, taps.rows * taps.columns, output + c);
    }
    mz_clamp_outputs(output, channels, params->minimum, params->maximum);
}
