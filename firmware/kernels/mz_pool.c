/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_pool.h"

#include <stddef.h>

#include "kernels/mz_requantization.h"

/* With as many channels or more, columns that begin no window are left out. */
#define MANY 8

/* `taps` columns, at least two, whose values lie `step` bytes apart. */
static void all_columns(mz_pool_both *both, const int8_t *from, int32_t step, int32_t taps,
                        int32_t values, void *to) {
    both(from, from + step, values, to);
    for (from += step; taps > 2; taps--) {
        from += step;
        both(to, from, values, to);
    }
}

/* Some channels at a time. */
static void one_window(const int8_t *corner, const mz_pool_taps *taps, const mz_pool_kind *kind,
                       int8_t *output) {
    int32_t kept[MZ_POOL_BYTES / 4];
    const int32_t most = MZ_POOL_BYTES / kind->size, channels = taps->column_step;
    for (int32_t c = 0; c < channels; c += most) {
        const int32_t many = channels - c < most ? channels - c : most;
        kind->down(corner + c, taps, many, kept);
        kind->finish(kept, many, 1, many, taps->rows * taps->columns, output + c);
    }
}

/* `windows`, `distance` bytes apart. */
static void several_windows(const int8_t *corner, const mz_pool_taps *taps, int32_t windows,
                            int32_t distance, const mz_pool_kind *kind, int8_t *output) {
    int32_t down[MZ_POOL_BYTES / 4], across[MZ_POOL_BYTES / 4];
    const mz_pool_taps column = {taps->rows, taps->row_step, 1, 0};
    const int32_t columns = taps->columns, channels = taps->column_step, size = kind->size;
    const int32_t begins = (windows - 1) * distance + channels, step = channels * size;
    int32_t *kept = down;
    kind->down(corner, &column, begins + (columns - 1) * channels, down);
    if (columns > 1) {
        const int8_t *from = (const int8_t *)down;
        kept = across;
        if (distance == channels || channels < MANY) {
            all_columns(kind->both, from, step, columns, begins, across);
        } else {
            int8_t *to = (int8_t *)across;
            for (int32_t i = 0; i < windows; i++, from += distance * size, to += step) {
                all_columns(kind->both, from, step, columns, channels, to);
            }
            distance = channels;
        }
    }
    const int32_t runs = distance == channels ? 1 : windows;
    kind->finish(kept, distance, runs, windows / runs * channels, taps->rows * columns, output);
}

void mz_pool(const mz_pool_params *params, const mz_pool_kind *kind, const int8_t *input,
             int8_t *output) {
    const mz_window window = params->window;
    const mz_extent image = params->input;
    const int32_t channels = image.channels, width = params->output.width;
    const int32_t columns = MZ_POOL_BYTES / kind->size / channels; /* that fit */
    int8_t *to = output;
    for (int32_t y = 0; y < params->output.height; y++) {
        const int32_t top = y * window.stride_h - window.pad_top;
        const mz_taps rows = mz_taps_inside(top, window.height, 1, image.height);
        for (int32_t x = 0, windows; x < width; x += windows, to += windows * channels) {
            const int32_t left = x * window.stride_w - window.pad_left;
            const mz_taps inside = mz_taps_inside(left, window.width, 1, image.width);
            const int32_t before = (top + rows.first) * image.width + left + inside.first;
            windows = 1;
            if (kind->both != NULL && mz_taps_whole(inside, window.width)) {
                const int32_t behind = image.width - left;
                const int32_t room = (behind < columns ? behind : columns) - window.width;
                windows += room > 0 ? room / window.stride_w : 0;
                windows = windows < width - x ? windows : width - x;
            }
            const mz_pool_taps taps = {
                .rows = rows.end - rows.first,
                .row_step = image.width * channels,
                .columns = inside.end - inside.first,
                .column_step = channels,
            };
            const int8_t *const corner = input + before * channels;
            if (windows == 1) {
                one_window(corner, &taps, kind, to);
            } else {
                several_windows(corner, &taps, windows, window.stride_w * channels, kind, to);
            }
        }
        /* While they are still near. */
        mz_clamp_outputs(to - width * channels, width * channels, params->minimum,
                         params->maximum);
    }
}
