/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_conv_2d_s8_dsp.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernels/mz_packed_block.h"
#include "kernels/mz_requantization.h"

/* From the end of a quad of one pixel to its next among the gathered ones. */
#define SKIP (4 * (MZ_BLOCK_PIXELS - 1))

/* `to` is where a pixel's next byte goes; these return the one after. Quads are aligned. */
static int8_t *put(int8_t *to, int32_t value) {
    *to++ = (int8_t)value;
    return (uintptr_t)to % 4 == 0 ? to + SKIP : to;
}

static int8_t *fill(int8_t *to, int32_t value, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        to = put(to, value);
    }
    return to;
}

static int8_t *copy(int8_t *to, const int8_t *from, int32_t count) {
    if (((uintptr_t)to | (uint32_t)count) % 4 == 0) {
        for (int32_t i = 0; i < count; i += 4, to += 4 + SKIP) {
            __builtin_memcpy(to, from + i, 4);
        }
        return to;
    }
    for (int32_t i = 0; i < count; i++) {
        to = put(to, from[i]);
    }
    return to;
}

/* The inputs of one window, from `to` on; what is outside the image is the zero point. */
static void gather(const mz_conv_2d_s8_dsp_params *params, const int8_t *input, int32_t pixel,
                   int8_t *to) {
    const mz_window window = params->window;
    const mz_extent image = params->input;
    const int32_t channels = image.channels, zero_point = params->input_zero_point;
    const int32_t top = pixel / params->output.width * window.stride_h - window.pad_top;
    const int32_t left = pixel % params->output.width * window.stride_w - window.pad_left;
    const mz_taps inside = mz_taps_inside(left, window.width, window.dilation_w, image.width);
    /* Without dilation the taps of a row are one run of consecutive bytes. */
    const int32_t run_taps = window.dilation_w == 1 ? inside.end - inside.first : 1;

    for (int32_t ky = 0; ky < window.height; ky++) {
        const int32_t y = top + ky * window.dilation_h;
        if (y < 0 || y >= image.height) {
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
    fill(to, 0, params->depth - window.height * window.width * channels);
}

/* What is outside of the image, as the pixel of a window. */
#define MOST_OUTSIDE 256

/* The windows of four pixels, mixed tap by tap, or row by row where all of a row is inside. */
static void mix(const mz_conv_2d_s8_dsp_params *params, const mz_block_job *job,
                const int8_t *input, const int32_t *pixels, const int8_t *outside) {
    const mz_window window = params->window;
    const mz_extent image = params->input;
    const int32_t channels = image.channels;
    int32_t top[MZ_BLOCK_PIXELS], left[MZ_BLOCK_PIXELS];
    bool inside = window.dilation_w == 1;
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
        top[i] = pixels[i] / params->output.width * window.stride_h - window.pad_top;
        left[i] = pixels[i] % params->output.width * window.stride_w - window.pad_left;
        inside = inside && left[i] >= 0 && left[i] + window.width <= image.width;
    }
    const int32_t taps = inside ? window.width : 1;
    int32_t quad = 0;
    for (int32_t ky = 0; ky < window.height; ky++) {
        for (int32_t kx = 0; kx < window.width; kx += taps) {
            const int8_t *from[MZ_BLOCK_PIXELS];
            bool whole = true;
            for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
                const int32_t y = top[i] + ky * window.dilation_h;
                const int32_t x = left[i] + kx * window.dilation_w;
                const bool is_in = y >= 0 && y < image.height && x >= 0 && x < image.width;
                whole = whole && is_in;
                from[i] = is_in ? input + (y * image.width + x) * channels : outside;
            }
            for (int32_t tap = 0; tap < taps; tap += whole ? taps : 1) {
                mz_block_mix_pixels(job, from, quad, whole ? taps * channels : channels);
                quad += whole ? taps * channels / 4 : channels / 4;
                for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
                    from[i] += from[i] == outside ? 0 : channels;
                }
            }
        }
    }
}

void mz_conv_2d_s8_dsp(const mz_conv_2d_s8_dsp_params *params, const int8_t *input,
                       int8_t *output, int8_t *scratch) {
    const int32_t channels = params->output.channels, depth = params->depth;
    const int32_t given = params->input.channels;
    const int32_t count = params->output.height * params->output.width;
    mz_block_job job;
    mz_block_prepare(&job, params->packed, params->exact, depth, channels, scratch);

    /* Without input, as the windows are mixed here. */
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
        job.input[i] = NULL;
    }
    job.input_step = 0;
    job.output_step = 0;

    const bool whole_quads = given % 4 == 0 && given <= MOST_OUTSIDE;
    int8_t outside[MOST_OUTSIDE];
    for (int32_t i = 0; whole_quads && i < given; i++) {
        outside[i] = (int8_t)params->input_zero_point;
    }
    for (int32_t done = 0; done < count; done += MZ_BLOCK_PIXELS) {
        const int32_t left = count - done;
        int32_t pixels[MZ_BLOCK_PIXELS];
        /* The last pixels are too few for a block: the first of them stands in for the others. */
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            pixels[i] = done + (i < left ? i : 0);
            job.output[i] = output + pixels[i] * channels;
        }
        if (whole_quads) {
            mix(params, &job, input, pixels, outside);
        } else {
            for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
                gather(params, input, pixels[i], scratch + 4 * depth + 4 * i);
            }
            mz_block_mix(&job);
        }
        mz_block_run(&job);
    }
    mz_clamp_outputs(output, count * channels, params->minimum, params->maximum);
}
