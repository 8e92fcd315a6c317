/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_conv_2d_s8.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernels/mz_dot_s8.h"
#include "kernels/mz_requantize_block.h"

/* One output pixel, or two neighbours whose windows meet the image in the same taps. */
typedef struct {
    mz_taps inside_y, inside_x;
    bool whole;     /* all taps meet the image */
    bool pair;      /* two pixels */
    int32_t origin; /* offset in the input of the first window's top left tap */
} pixels;

/* The bias has the input zero point folded in for a whole window; where a window hangs over the
 * edge this gives back what the taps outside would have contributed at the zero point. */
static int32_t outside_contribution(const mz_conv_2d_params *params, const pixels *at,
                                    const int8_t *weights) {
    const int32_t channels = params->input.channels;
    int32_t sum = 0;
    for (int32_t ky = 0; ky < params->window.height; ky++) {
        const bool row_inside = ky >= at->inside_y.first && ky < at->inside_y.end;
        for (int32_t kx = 0; kx < params->window.width; kx++, weights += channels) {
            if (row_inside && kx >= at->inside_x.first && kx < at->inside_x.end) {
                continue;
            }
            for (int32_t c = 0; c < channels; c++) {
                sum += weights[c];
            }
        }
    }
    return sum * params->input_zero_point;
}

/* sum plus the window's products; the second channel's weights lie to_next behind. */
static mz_sum_2x2 window_products(const mz_conv_2d_params *params, const pixels *at,
                                  const int8_t *input, const int8_t *weights, int32_t to_next,
                                  mz_sum_2x2 sum) {
    const mz_window window = params->window;
    const int32_t channels = params->input.channels;
    const int32_t row_step = window.dilation_h * params->input.width * channels;
    const int32_t to_second = window.stride_w * channels;
    /* Without dilation the taps of a row are one run of consecutive bytes. */
    const int32_t run_taps = window.dilation_w == 1 ? at->inside_x.end - at->inside_x.first : 1;
    for (int32_t ky = at->inside_y.first; ky < at->inside_y.end; ky++) {
        for (int32_t kx = at->inside_x.first; kx < at->inside_x.end; kx += run_taps) {
            const int8_t *const a =
                input + (at->origin + ky * row_step + kx * window.dilation_w * channels);
            const int8_t *const w = weights + (ky * window.width + kx) * channels;
            sum = mz_dot_s8(sum, a, at->pair ? a + to_second : NULL, w, w + to_next,
                            run_taps * channels);
        }
    }
    return sum;
}

static void convolve_pixels(const mz_conv_2d_params *params, const pixels *at,
                            const int8_t *restrict input, int8_t *restrict output) {
    const int32_t channels = params->output.channels;
    const int32_t filter_bytes =
        params->window.height * params->window.width * params->input.channels;
    int32_t sums_a[MZ_BLOCK_CHANNELS], sums_b[MZ_BLOCK_CHANNELS];

    const int8_t *weights = params->weights;
    for (int32_t first = 0; first < channels; first += MZ_BLOCK_CHANNELS) {
        const int32_t left = channels - first;
        const int32_t count = left < MZ_BLOCK_CHANNELS ? left : MZ_BLOCK_CHANNELS;
        for (int32_t i = 0; i < count; i += 2, weights += 2 * filter_bytes) {
            /* A lone last channel is computed twice. */
            const int32_t next = i + 1 < count ? 1 : 0;
            const int32_t to_next = next * filter_bytes;
            int32_t start = params->bias[first + i], next_start = params->bias[first + i + next];
            if (!at->whole) {
                start += outside_contribution(params, at, weights);
                next_start += outside_contribution(params, at, weights + to_next);
            }
            mz_sum_2x2 sum = {start, next_start, start, next_start};
            sum = window_products(params, at, input, weights, to_next, sum);
            sums_a[i] = sum.a0;
            sums_a[i + 1] = sum.a1;
            sums_b[i] = sum.b0;
            sums_b[i + 1] = sum.b1;
        }
        mz_requantize_block(&params->to, sums_a, first, count, output);
        if (at->pair) {
            mz_requantize_block(&params->to, sums_b, first, count, output + channels);
        }
    }
}

void mz_conv_2d_s8(const mz_conv_2d_params *params, const int8_t *restrict input,
                   int8_t *restrict output) {
    const mz_window window = params->window;
    const mz_extent image = params->input;

    for (int32_t y = 0; y < params->output.height; y++) {
        const int32_t top = y * window.stride_h - window.pad_top;
        const mz_taps inside_y =
            mz_taps_inside(top, window.height, window.dilation_h, image.height);
        int32_t x = 0;
        while (x < params->output.width) {
            const int32_t left = x * window.stride_w - window.pad_left;
            const mz_taps inside_x =
                mz_taps_inside(left, window.width, window.dilation_w, image.width);
            const mz_taps next_inside_x = mz_taps_inside(left + window.stride_w, window.width,
                                                         window.dilation_w, image.width);
            const pixels at = {
                .inside_y = inside_y,
                .inside_x = inside_x,
                .whole = mz_taps_whole(inside_y, window.height) &&
                         mz_taps_whole(inside_x, window.width),
                .pair = x + 1 < params->output.width && next_inside_x.first == inside_x.first &&
                        next_inside_x.end == inside_x.end,
                .origin = (top * image.width + left) * image.channels,
            };
            convolve_pixels(params, &at, input, output);
            x += at.pair ? 2 : 1;
            output += (at.pair ? 2 : 1) * params->output.channels;
        }
    }
}
