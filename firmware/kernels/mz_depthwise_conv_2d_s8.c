/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_conv_2d_s8.h"

#include <stdbool.h>

#include "kernels/mz_neon.h"
#include "kernels/mz_requantize_block.h"

/* Neighbouring channels that are summed up together where the depth multiplier is 1. */
#if defined(MZ_HAS_NEON)
#define LANES 8
#else
#define LANES 4
#endif

/* One output pixel. */
typedef struct {
    mz_taps inside_y, inside_x;
    int32_t origin;        /* offset in the input of the window's top left tap */
    int8_t outside[LANES]; /* what taps outside the image read: the zero point, for every lane */
} pixel;

/* Sums of LANES neighbouring channels, or of one in c0. */
#if defined(MZ_HAS_NEON)
typedef struct {
    int32_t c0;
    int32x4_t low, high;
} lane_sums;
#else
typedef struct {
    int32_t c0, c1, c2, c3;
} lane_sums;
#endif

static inline lane_sums load_sums(const int32_t *from, bool all_lanes) {
#if defined(MZ_HAS_NEON)
    const int32x4_t zero = vdupq_n_s32(0);
    return all_lanes ? (lane_sums){0, vld1q_s32(from), vld1q_s32(from + 4)}
                     : (lane_sums){from[0], zero, zero};
#else
    return all_lanes ? (lane_sums){from[0], from[1], from[2], from[3]}
                     : (lane_sums){from[0], 0, 0, 0};
#endif
}

static inline void store_sums(lane_sums sum, int32_t *to) {
#if defined(MZ_HAS_NEON)
    vst1q_s32(to, sum.low);
    vst1q_s32(to + 4, sum.high);
#else
    to[0] = sum.c0;
    to[1] = sum.c1;
    to[2] = sum.c2;
    to[3] = sum.c3;
#endif
}

/* Add count taps of a row: x and w step from tap to tap. */
static inline lane_sums add_taps(lane_sums sum, bool all_lanes, const int8_t *x, int32_t x_step,
                                 const int8_t *w, int32_t w_step, int32_t count) {
    for (; count > 0; count--) {
#if defined(MZ_HAS_NEON)
        if (all_lanes) {
            const int16x8_t a = vmovl_s8(vld1_s8(x)), b = vmovl_s8(vld1_s8(w));
            sum.low = vmlal_s16(sum.low, vget_low_s16(a), vget_low_s16(b));
            sum.high = vmlal_high_s16(sum.high, a, b);
        } else {
            sum.c0 += x[0] * w[0];
        }
#else
        sum.c0 += x[0] * w[0];
        if (all_lanes) {
            sum.c1 += x[1] * w[1];
            sum.c2 += x[2] * w[2];
            sum.c3 += x[3] * w[3];
        }
#endif
        x += x_step;
        w += w_step;
    }
    return sum;
}

/* The window's sums for LANES output channels from channel on, or for that one only. All taps
 * count, because the bias has the input zero point folded in for the whole window. */
static inline lane_sums sum_window(const mz_depthwise_conv_2d_params *params, const pixel *at,
                                   const int8_t *input, int32_t in_channel, int32_t channel,
                                   bool all_lanes) {
    const mz_window window = params->window;
    const int32_t in_channels = params->input.channels, out_channels = params->output.channels;
    const int32_t x_step = window.dilation_w * in_channels;
    const int32_t y_step = window.dilation_h * params->input.width * in_channels;
    const mz_taps inside = at->inside_x;
    const bool whole_rows = mz_taps_whole(inside, window.width);
    const int32_t *const bias = params->bias + channel;
    const int8_t *w = params->weights + channel;
    lane_sums sum = load_sums(bias, all_lanes);
    for (int32_t ky = 0; ky < window.height; ky++) {
        const int32_t row = at->origin + ky * y_step + in_channel;
        if (ky < at->inside_y.first || ky >= at->inside_y.end) {
            sum = add_taps(sum, all_lanes, at->outside, 0, w, out_channels, window.width);
        } else if (whole_rows) {
            sum = add_taps(sum, all_lanes, input + row, x_step, w, out_channels, window.width);
        } else {
            const int8_t *const after = w + inside.end * out_channels;
            sum = add_taps(sum, all_lanes, at->outside, 0, w, out_channels, inside.first);
            sum = add_taps(sum, all_lanes, input + (row + inside.first * x_step), x_step,
                           w + inside.first * out_channels, out_channels,
                           inside.end - inside.first);
            sum = add_taps(sum, all_lanes, at->outside, 0, after, out_channels,
                           window.width - inside.end);
        }
        w += window.width * out_channels;
    }
    return sum;
}

static void convolve_pixel(const mz_depthwise_conv_2d_params *params, const pixel *at,
                           const int8_t *restrict input, int8_t *restrict output) {
    const int32_t multiplier = params->depth_multiplier, channels = params->output.channels;
    int32_t sums[MZ_BLOCK_CHANNELS];

    for (int32_t first = 0; first < channels; first += MZ_BLOCK_CHANNELS) {
        const int32_t left = channels - first;
        const int32_t count = left < MZ_BLOCK_CHANNELS ? left : MZ_BLOCK_CHANNELS;
        int32_t i = 0;
        for (; multiplier == 1 && i + LANES <= count; i += LANES) {
            store_sums(sum_window(params, at, input, first + i, first + i, true), sums + i);
        }
        for (; i < count; i++) {
            const int32_t in_channel = (first + i) / multiplier;
            sums[i] = sum_window(params, at, input, in_channel, first + i, false).c0;
        }
        mz_requantize_block(&params->to, sums, first, count, output);
    }
}

void mz_depthwise_conv_2d_s8(const mz_depthwise_conv_2d_params *params,
                             const int8_t *restrict input, int8_t *restrict output) {
    const mz_window window = params->window;
    const mz_extent image = params->input;
    const int8_t zero_point = (int8_t)params->input_zero_point;
    const mz_taps none = {0, 0};

    for (int32_t y = 0; y < params->output.height; y++) {
        const int32_t top = y * window.stride_h - window.pad_top;
        const mz_taps inside_y =
            mz_taps_inside(top, window.height, window.dilation_h, image.height);
        for (int32_t x = 0; x < params->output.width; x++) {
            const int32_t left = x * window.stride_w - window.pad_left;
            const mz_taps inside_x =
                mz_taps_inside(left, window.width, window.dilation_w, image.width);
            pixel at = {
                .inside_y = inside_x.first < inside_x.end ? inside_y : none,
                .inside_x = inside_x,
                .origin = (top * image.width + left) * image.channels,
            };
            for (int32_t i = 0; i < LANES; i++) {
                at.outside[i] = zero_point;
            }
            convolve_pixel(params, &at, input, output);
            output += params->output.channels;
        }
    }
}
