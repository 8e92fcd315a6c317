#include "kernels/mz_depthwise_conv_2d_s8.h"

#include <stdbool.h>

/* One output pixel. */
typedef struct {
    mz_taps inside_y, inside_x;
    bool whole;     /* all taps meet the image */
    int32_t origin; /* offset in the input of the window's top left tap */
} pixel;

/* Sums of four neighbouring channels. */
typedef struct {
    int32_t c0, c1, c2, c3;
} sum_4;

/* The bias has the input zero point folded in for a whole window; where the window hangs over the
 * edge this gives back what the taps outside would have contributed at the zero point. */
static int32_t outside_contribution(const mz_depthwise_conv_2d_params *params, const pixel *at,
                                    int32_t channel) {
    const int8_t *weight = params->weights + channel;
    int32_t sum = 0;
    for (int32_t ky = 0; ky < params->window.height; ky++) {
        const bool row_inside = ky >= at->inside_y.first && ky < at->inside_y.end;
        for (int32_t kx = 0; kx < params->window.width; kx++, weight += params->output.channels) {
            if (!(row_inside && kx >= at->inside_x.first && kx < at->inside_x.end)) {
                sum += *weight;
            }
        }
    }
    return sum * params->input_zero_point;
}

/* The window's products for one channel. */
static int32_t products(const mz_depthwise_conv_2d_params *params, const pixel *at,
                        const int8_t *input, int32_t in_channel, int32_t channel) {
    const mz_window window = params->window;
    const int32_t in_channels = params->input.channels, out_channels = params->output.channels;
    const int32_t x_step = window.dilation_w * in_channels;
    const int32_t y_step = window.dilation_h * params->input.width * in_channels;
    const int32_t kx = at->inside_x.first;
    int32_t sum = 0;
    for (int32_t ky = at->inside_y.first; ky < at->inside_y.end; ky++) {
        const int8_t *x = input + (at->origin + ky * y_step + kx * x_step + in_channel);
        const int8_t *w = params->weights + (ky * window.width + kx) * out_channels + channel;
        for (int32_t taps = at->inside_x.end - kx; taps > 0; taps--) {
            sum += *x * *w;
            x += x_step;
            w += out_channels;
        }
    }
    return sum;
}

/* The same for four neighbouring channels, each fed by the input channel of its own number. */
static sum_4 products_4(const mz_depthwise_conv_2d_params *params, const pixel *at,
                        const int8_t *input, int32_t channel) {
    const mz_window window = params->window;
    const int32_t channels = params->output.channels;
    const int32_t x_step = window.dilation_w * channels;
    const int32_t y_step = window.dilation_h * params->input.width * channels;
    const int32_t kx = at->inside_x.first;
    sum_4 sum = {0, 0, 0, 0};
    for (int32_t ky = at->inside_y.first; ky < at->inside_y.end; ky++) {
        const int8_t *x = input + (at->origin + ky * y_step + kx * x_step + channel);
        const int8_t *w = params->weights + (ky * window.width + kx) * channels + channel;
        for (int32_t taps = at->inside_x.end - kx; taps > 0; taps--) {
            sum.c0 += x[0] * w[0];
            sum.c1 += x[1] * w[1];
            sum.c2 += x[2] * w[2];
            sum.c3 += x[3] * w[3];
            x += x_step;
            w += channels;
        }
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
        if (multiplier == 1) {
            for (; i + 4 <= count; i += 4) {
                const sum_4 sum = products_4(params, at, input, first + i);
                sums[i] = sum.c0;
                sums[i + 1] = sum.c1;
                sums[i + 2] = sum.c2;
                sums[i + 3] = sum.c3;
            }
        }
        for (; i < count; i++) {
            sums[i] = products(params, at, input, (first + i) / multiplier, first + i);
        }
        for (i = 0; i < count; i++) {
            sums[i] += params->bias[first + i];
            if (!at->whole) {
                sums[i] += outside_contribution(params, at, first + i);
            }
        }
        mz_requantize_block(sums, first, count, &params->to, output);
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
                .whole = mz_taps_whole(inside_y, window.height) &&
                         mz_taps_whole(inside_x, window.width),
                .origin = (top * image.width + left) * image.channels,
            };
            convolve_pixel(params, &at, input, output);
            output += params->output.channels;
        }
    }
}
