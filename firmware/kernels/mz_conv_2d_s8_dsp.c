/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_conv_2d_s8_dsp.h"

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

void mz_conv_2d_s8_dsp(const mz_conv_2d_s8_dsp_params *params, const int8_t *input,
                       int8_t *output, int8_t *scratch) {
    const int32_t channels = params->output.channels, depth = params->depth;
    const int32_t pixels = params->output.height * params->output.width;
    mz_block_job job;
    mz_block_prepare(&job, params->packed, params->exact, depth, channels, scratch);

    /* Without input, as the gathered windows are mixed here. */
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
        job.input[i] = NULL;
    }
    job.input_step = 0;
    job.output_step = 0;

    for (int32_t done = 0; done < pixels; done += MZ_BLOCK_PIXELS) {
        const int32_t left = pixels - done;
        /* The last pixels are too few for a block: the first of them stands in for the others. */
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            const int32_t pixel = done + (i < left ? i : 0);
            gather(params, input, pixel, scratch + 4 * depth + 4 * i);
            job.output[i] = output + pixel * channels;
        }
        mz_block_mix(&job);
        mz_block_run(&job);
    }
    mz_clamp_outputs(output, pixels * channels, params->minimum, params->maximum);
}
