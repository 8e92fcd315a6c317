/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_pool.h"

#include "kernels/mz_requantization.h"

/* Bytes that are kept of columns, and as many of windows. */
#define MOST 256
/* With as many channels or more, columns that begin no window are left out. */
#define MANY 8

/* Windows beside each other with as many taps. */
typedef struct {
    const int8_t *corner;
    int32_t rows, row_step;    /* taps one below the other, bytes from one to the next */
    int32_t columns, channels; /* taps beside each other, bytes of one */
    int32_t windows, stride;   /* and bytes from one to the next */
} part;

/* `taps` columns, at least two, whose values lie `step` bytes apart. */
static void all_columns(mz_pool_both *both, const int8_t *from, int32_t step, int32_t taps,
                        int32_t values, void *to) {
    both(from, from + step, values, to);
    for (from += step; taps > 2; taps--) {
        from += step;
        both(to, from, values, to);
    }
}

/* One window of which not all fits: some channels at a time. */
static void one_window(const part *at, const mz_pool_kind *kind, int8_t *output) {
    int32_t down[MOST / 4], more[MOST / 4];
    const int32_t most = MOST / kind->size;
    for (int32_t c = 0, many; c < at->channels; c += many) {
        many = at->channels - c < most ? at->channels - c : most;
        const int8_t *from = at->corner + c;
        kind->down(from, at->row_step, at->rows, many, down);
        for (int32_t column = 1; column < at->columns; column++) {
            from += at->channels;
            kind->down(from, at->row_step, at->rows, many, more);
            kind->both(down, more, many, down);
        }
        kind->finish(down, many, 1, many, at->rows * at->columns, output + c);
    }
}

static void several_windows(const part *at, const mz_pool_kind *kind, int8_t *output) {
    int32_t down[MOST / 4], across[MOST / 4];
    const int32_t channels = at->channels, size = kind->size;
    const int32_t begins = (at->windows - 1) * at->stride + channels;
    int32_t distance = at->stride;
    int32_t *kept = down;
    kind->down(at->corner, at->row_step, at->rows, begins + (at->columns - 1) * channels, down);
    if (at->columns > 1) {
        const int8_t *from = (const int8_t *)down;
        const int32_t step = channels * size;
        kept = across;
        if (distance == channels || channels < MANY) {
            all_columns(kind->both, from, step, at->columns, begins, across);
        } else {
            int8_t *to = (int8_t *)across;
            for (int32_t i = 0; i < at->windows; i++, from += distance * size, to += step) {
                all_columns(kind->both, from, step, at->columns, channels, to);
            }
            distance = channels;
        }
    }
    const int32_t runs = distance == channels ? 1 : at->windows;
    kind->finish(kept, distance, runs, at->windows / runs * channels, at->rows * at->columns,
                 output);
}

void mz_pool(const mz_pool_params *params, const mz_pool_kind *kind, const int8_t *input,
             int8_t *output) {
    const mz_window window = params->window;
    const mz_extent image = params->input;
    const int32_t channels = image.channels, width = params->output.width;
    const int32_t columns = MOST / kind->size / channels; /* that fit */
    int8_t *to = output;
    for (int32_t y = 0; y < params->output.height; y++) {
        const int32_t top = y * window.stride_h - window.pad_top;
        const mz_taps rows = mz_taps_inside(top, window.height, 1, image.height);
        for (int32_t x = 0, windows; x < width; x += windows, to += windows * channels) {
            const int32_t left = x * window.stride_w - window.pad_left;
            const mz_taps inside = mz_taps_inside(left, window.width, 1, image.width);
            const int32_t before = (top + rows.first) * image.width + left + inside.first;
            windows = 1;
            if (mz_taps_whole(inside, window.width)) {
                const int32_t behind = image.width - left;
                const int32_t room = (behind < columns ? behind : columns) - window.width;
                windows += room > 0 ? room / window.stride_w : 0;
                windows = windows < width - x ? windows : width - x;
            }
            const part at = {
                .corner = input + before * channels,
                .rows = rows.end - rows.first,
                .row_step = image.width * channels,
                .columns = inside.end - inside.first,
                .channels = channels,
                .windows = windows,
                .stride = window.stride_w * channels,
            };
            if (at.columns > columns) {
                one_window(&at, kind, to);
            } else {
                several_windows(&at, kind, to);
            }
        }
        /* While they are still near. */
        mz_clamp_outputs(to - width * channels, width * channels, params->minimum,
                         params->maximum);
    }
}
