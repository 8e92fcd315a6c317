#include "kernels/mz_depthwise_conv_2d_s8.h"

#include <stdbool.h>

#define LANES 4

/* One output pixel. */
typedef struct {
    mz_taps inside_y, inside_x;
    int32_t origin; /* offset in the input of the window's top left tap */
} pixel;

/* Sums of LANES neighbouring channels. */
typedef struct {
    int32_t c0, c1, c2, c3;
} lane_sums;

/* Add count taps of a row: x and w step from tap to tap. */
static inline lane_sums add_taps(lane_sums sum, const int8_t *x, int32_t x_step, const int8_t *w,
                                 int32_t w_step, int32_t count) {
    for (; count > 0; count--) {
        sum.c0 += x[0] * w[0];
        sum.c1 += x[1] * w[1];
        sum.c2 += x[2] * w[2];
        sum.c3 += x[3] * w[3];
        x += x_step;
        w += w_step;
    }
    return sum;
}

/* LANES neighbouring channels, each fed by the input channel of its own number. The bias has the
 * input zero point folded in for the whole window, so taps outside the image read it from
 * outside. */
static lane_sums sum_lanes(const mz_depthwise_conv_2d_params *params, const pixel *at,
                           const int8_t *input, const int8_t *outside, int32_t channel) {
    const mz_window window = params->window;
    const mz_taps inside = at->inside_x;
    const bool whole_rows = mz_taps_whole(inside, window.width);
    const int32_t channels = params->output.channels;
    const int32_t x_step = window.dilation_w * channels;
    const int32_t y_step = window.dilation_h * params->input.width * channels;
    const int32_t *const bias = params->bias + channel;
    const int8_t *w = params->weights + channel;
    lane_sums sum = {bias[0], bias[1], bias[2], bias[3]};
    for (int32_t ky = 0; ky < window.height; ky++) {
        if (ky < at->inside_y.first || ky >= at->inside_y.end) {
            sum = add_taps(sum, outside, 0, w, channels, window.width);
        } else if (whole_rows) {
            const int8_t *const x = input + (at->origin + ky * y_step + channel);
            sum = add_taps(sum, x, x_step, w, channels, window.width);
        } else {
            const int8_t *const x =
                input + (at->origin + ky * y_step + inside.first * x_step + channel);
            sum = add_taps(sum, outside, 0, w, channels, inside.first);
            sum = add_taps(sum, x, x_step, w + inside.first * channels, channels,
                           inside.end - inside.first);
            sum = add_taps(sum, outside, 0, w + inside.end * channels, channels,
                           window.width - inside.end);
        }
        w += window.width * channels;
    }
    return sum;
}

/* One channel of any depth multiplier. */
static int32_t sum_channel(const mz_depthwise_conv_2d_params *params, const pixel *at,
                           const int8_t *input, int32_t in_channel, int32_t channel) {
    const mz_window window = params->window;
    const int32_t in_channels = params->input.channels, out_channels = params->output.channels;
    const int8_t *w = params->weights + channel;
    int32_t sum = params->bias[channel];
    for (int32_t ky = 0; ky < window.height; ky++) {
        const bool row_inside = ky >= at->inside_y.first && ky < at->inside_y.end;
        int32_t x = at->origin + ky * window.dilation_h * params->input.width * in_channels +
                    in_channel;
        for (int32_t kx = 0; kx < window.width; kx++) {
            const bool inside =
                row_inside && kx >= at->inside_x.first && kx < at->inside_x.end;
            sum += (inside ? input[x] : params->input_zero_point) * *w;
            x += window.dilation_w * in_channels;
            w += out_channels;
        }
    }
    return sum;
}

static void convolve_pixel(const mz_depthwise_conv_2d_params *params, const pixel *at,
                           const int8_t *restrict input, int8_t *restrict output) {
    const int32_t multiplier = params->depth_multiplier, channels = params->output.channels;
    const int8_t zero_point = (int8_t)params->input_zero_point;
    const int8_t outside[LANES] = {zero_point, zero_point, zero_point, zero_point};
    int32_t sums[MZ_BLOCK_CHANNELS];

    for (int32_t first = 0; first < channels; first += MZ_BLOCK_CHANNELS) {
        const int32_t left = channels - first;
        const int32_t count = left < MZ_BLOCK_CHANNELS ? left : MZ_BLOCK_CHANNELS;
        int32_t i = 0;
        for (; multiplier == 1 && i + LANES <= count; i += LANES) {
            const lane_sums sum = sum_lanes(params, at, input, outside, first + i);
            sums[i] = sum.c0;
            sums[i + 1] = sum.c1;
            sums[i + 2] = sum.c2;
            sums[i + 3] = sum.c3;
        }
        for (; i < count; i++) {
            sums[i] = sum_channel(params, at, input, (first + i) / multiplier, first + i);
        }
        mz_requantize_block(&params->to, sums, first, count, output);
    }
}

void mz_depthwise_conv_2d_s8(const mz_depthwise_conv_2d_params *params,
                             const int8_t *restrict input, int8_t *restrict output) {
    const mz_window window = params->window;
    const mz_extent image = params->input;

    for (int32_t y = 0; y < params->output.height; y++) {
        const int32_t top = y * window.stride_h - window.pad_top;
        const mz_taps inside_y =
            mz_taps_inside(top, window.height, window.dilation_h, image.height);
        for (int32_t x = 0; x < params->output.width; x++) {
            const int32_t left = x * window.stride_w - window.pad_left;
            const mz_taps inside_x =
                mz_taps_inside(left, window.width, window.dilation_w, image.width);
            const pixel at = {
                .inside_y = inside_y,
                .inside_x = inside_x,
                .origin = (top * image.width + left) * image.channels,
            };
            convolve_pixel(params, &at, input, output);
            output += params->output.channels;
        }
    }
}
