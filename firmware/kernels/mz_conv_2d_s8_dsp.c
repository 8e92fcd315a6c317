/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_conv_2d_s8_dsp.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernels/mz_packed_block.h"
#include "kernels/mz_requantization.h"

/* Where the pixels of a block are in the output, and their windows in the image. */
typedef struct {
    int32_t x, y; /* of the next pixel */
    int32_t left[MZ_BLOCK_PIXELS], top[MZ_BLOCK_PIXELS];
} places;

/* The next four pixels of the output, `count` of which are there: the first stands in for others. */
static void advance(const mz_conv_2d_s8_dsp_params *params, places *at, int32_t count) {
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
        if (i < count) {
            at->left[i] = at->x * params->window.stride_w - params->window.pad_left;
            at->top[i] = at->y * params->window.stride_h - params->window.pad_top;
            if (++at->x == params->output.width) {
                at->x = 0;
                at->y++;
            }
        } else {
            at->left[i] = at->left[0];
            at->top[i] = at->top[0];
        }
    }
}

static bool is_row(const mz_conv_2d_s8_dsp_params *params, int32_t y) {
    return y >= 0 && y < params->input.height;
}

static bool is_column(const mz_conv_2d_s8_dsp_params *params, int32_t x) {
    return x >= 0 && x < params->input.width;
}

static int8_t *copy(int8_t *to, const int8_t *from, int32_t count) {
    for (; count >= 4; count -= 4, to += 4, from += 4) {
        __builtin_memcpy(to, from, 4);
    }
    if (count & 2) {
        __builtin_memcpy(to, from, 2);
        to += 2;
        from += 2;
    }
    if (count & 1) {
        *to++ = *from;
    }
    return to;
}

static int8_t *fill(int8_t *to, int32_t value, int32_t count) {
    while (count-- > 0) {
        *to++ = (int8_t)value;
    }
    return to;
}

/* The inputs of one window, to `to`: all of it inside the image, or what is outside is the zero
 * point. */
static void gather(const mz_conv_2d_s8_dsp_params *params, const int8_t *input, int32_t left,
                   int32_t top, int8_t *to) {
    const mz_window window = params->window;
    const mz_extent image = params->input;
    const int32_t channels = image.channels, zero_point = params->input_zero_point;
    if (window.dilation_w == 1 && is_column(params, left) &&
        is_column(params, left + window.width - 1) && is_row(params, top) &&
        is_row(params, top + (window.height - 1) * window.dilation_h)) {
        const int8_t *from = input + (top * image.width + left) * channels;
        for (int32_t ky = 0; ky < window.height; ky++) {
            to = copy(to, from, window.width * channels);
            from += window.dilation_h * image.width * channels;
        }
        return;
    }
    const mz_taps inside = mz_taps_inside(left, window.width, window.dilation_w, image.width);
    /* Without dilation the taps of a row are one run of consecutive bytes. */
    const int32_t run_taps = window.dilation_w == 1 ? inside.end - inside.first : 1;

    for (int32_t ky = 0; ky < window.height; ky++) {
        const int32_t y = top + ky * window.dilation_h;
        if (!is_row(params, y)) {
            to = fill(to, zero_point, window.width * channels);
            continue;
        }
        to = fill(to, zero_point, inside.first * channels);
        for (int32_t kx = inside.first; kx < inside.end; kx += run_taps) {
            const int32_t x = left + kx * window.dilation_w;
            to = copy(to, input + (y * image.width + x) * channels, run_taps * channels);
        }
        to = fill(to, zero_point, (window.width - inside.end) * channels);
    }
}

/* The windows of four pixels of whole quads, tap by tap; or row by row where all of a row is
 * inside. outside: a pixel that is not in the image. */
static void mix(const mz_conv_2d_s8_dsp_params *params, const mz_block_job *job,
                const int8_t *input, const places *at, const int8_t *outside) {
    const mz_window window = params->window;
    const int32_t channels = params->input.channels;
    const int32_t row_bytes = params->input.width * channels;
    int32_t window_at[MZ_BLOCK_PIXELS];
    bool columns = window.dilation_w == 1;
    int32_t lowest = at->top[0], highest = at->top[0];
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
        window_at[i] = at->top[i] * row_bytes + at->left[i] * channels;
        columns = columns && is_column(params, at->left[i]) &&
                  is_column(params, at->left[i] + window.width - 1);
        lowest = at->top[i] < lowest ? at->top[i] : lowest;
        highest = at->top[i] > highest ? at->top[i] : highest;
    }
    int32_t quad = 0;
    for (int32_t ky = 0; ky < window.height; ky++) {
        const int32_t down = ky * window.dilation_h;
        const bool whole = columns && is_row(params, lowest + down) &&
                           is_row(params, highest + down);
        const int32_t taps = whole ? window.width : 1;
        for (int32_t kx = 0; kx < window.width; kx += taps) {
            const int32_t over = kx * window.dilation_w;
            const int8_t *from[MZ_BLOCK_PIXELS];
            for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
                const bool inside = whole || (is_row(params, at->top[i] + down) &&
                                              is_column(params, at->left[i] + over));
                from[i] = inside ? input + window_at[i] + down * row_bytes + over * channels
                                 : outside;
            }
            mz_block_mix_pixels(job, from, quad, taps * channels);
            quad += taps * channels / 4;
        }
    }
}

/* The inputs that are read twice, behind the others. */
static __attribute__((noinline)) void repeat(const mz_conv_2d_s8_dsp_params *params,
                                             const mz_block_job *job) {
    const int32_t stream = mz_block_stream_words(params->exact, params->depth);
    const int32_t *const streams_end =
        params->packed + (params->output.channels + 1) / 2 * stream;
    mz_block_repeat(job, streams_end, (params->depth - params->repeated) / 4, params->repeated);
}

/* All pixels, `count` channels of each from `first` on. buffer: filled with the zero point. */
static void run_slice(const mz_conv_2d_s8_dsp_params *params, int32_t first, int32_t count,
                      const int8_t *input, int8_t *output, int8_t *scratch, int8_t *buffer) {
    const int32_t channels = params->output.channels, depth = params->depth - params->repeated;
    const int32_t pixels = params->output.height * params->output.width;
    const bool whole_quads = params->input.channels % 4 == 0;
    const int32_t *const packed =
        params->packed + first / 2 * mz_block_stream_words(params->exact, params->depth);
    mz_block_job job;
    mz_block_prepare(&job, packed, params->exact, params->depth, count, scratch);

    /* Without input, as the windows are mixed here. */
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
        job.input[i] = NULL;
    }
    job.input_step = 0;
    job.output_step = 0;

    places at = {.x = 0, .y = 0};
    for (int32_t done = 0; done < pixels; done += MZ_BLOCK_PIXELS) {
        const int32_t left = pixels - done;
        advance(params, &at, left);
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            job.output[i] = output + (done + (i < left ? i : 0)) * channels + first;
        }
        if (whole_quads) {
            mix(params, &job, input, &at, buffer);
        } else {
            const int8_t *from[MZ_BLOCK_PIXELS];
            for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
                from[i] = buffer + i * depth;
                gather(params, input, at.left[i], at.top[i], buffer + i * depth);
            }
            mz_block_mix_pixels(&job, from, 0, depth);
        }
        if (params->repeated) {
            repeat(params, &job);
        }
        mz_block_run(&job);
    }
}

void mz_conv_2d_s8_dsp(const mz_conv_2d_s8_dsp_params *params, const int8_t *input,
                       int8_t *output, int8_t *scratch) {
    const int32_t channels = params->output.channels, depth = params->depth;
    const int32_t given = params->input.channels;
    const int32_t buffered =
        given % 4 == 0 ? given : MZ_BLOCK_PIXELS * (depth - params->repeated);
    int8_t on_stack[MZ_CONV_BUFFER_BYTES];
    int8_t *const behind = scratch + MZ_BLOCK_SCRATCH(depth);
    int8_t *const buffer = buffered > MZ_CONV_BUFFER_BYTES ? behind : on_stack;
    fill(buffer, params->input_zero_point, buffered);
    for (int32_t first = 0; first < channels; first += params->slice) {
        const int32_t left = channels - first;
        run_slice(params, first, left < params->slice ? left : params->slice, input, output,
                  scratch, buffer);
    }
    mz_clamp_outputs(output, params->output.height * params->output.width * channels,
                     params->minimum, params->maximum);
}
