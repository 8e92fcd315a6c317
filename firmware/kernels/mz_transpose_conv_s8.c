/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_transpose_conv_s8.h"

#include "kernels/mz_requantize_block.h"

/* Along one axis: the input pixels whose windows cover an output pixel, and the tap of the first;
 * the tap falls by a stride from one input pixel to the next. first == end where there is none. */
typedef struct {
    int32_t first, end;
    int32_t tap;
} covering;

/* at: the output pixel, counted from where the first window begins. */
static covering find(int32_t at, int32_t taps, int32_t stride, int32_t pixels) {
    const int32_t behind = at - taps;
    const int32_t last = at / stride;
    covering found;
    found.first = behind < 0 ? 0 : behind / stride + 1;
    found.end = last < pixels ? last + 1 : pixels;
    if (found.end < found.first) {
        found.end = found.first;
    }
    found.tap = at - found.first * stride;
    return found;
}

static int32_t sum_of(const mz_transpose_conv_params *params, const covering *rows,
                      const covering *columns, const int8_t *restrict input,
                      const int8_t *restrict weights) {
    const mz_window window = params->window;
    const int32_t channels = params->input.channels, zero_point = params->input_zero_point;
    int32_t sum = 0;
    for (int32_t y = rows->first, ky = rows->tap; y < rows->end; y++, ky -= window.stride_h) {
        for (int32_t x = columns->first, kx = columns->tap; x < columns->end;
             x++, kx -= window.stride_w) {
            const int8_t *const values = input + (y * params->input.width + x) * channels;
            const int8_t *const factors = weights + (ky * window.width + kx) * channels;
            for (int32_t c = 0; c < channels; c++) {
                sum += (values[c] - zero_point) * factors[c];
            }
        }
    }
    return sum;
}

void mz_transpose_conv_s8(const mz_transpose_conv_params *params, const int8_t *restrict input,
                          int8_t *restrict output) {
    const mz_window window = params->window;
    const int32_t channels = params->output.channels;
    const int32_t filter_bytes = window.height * window.width * params->input.channels;
    int32_t sums[MZ_BLOCK_CHANNELS];

    for (int32_t y = 0; y < params->output.height; y++) {
        const covering rows =
            find(y + window.pad_top, window.height, window.stride_h, params->input.height);
        for (int32_t x = 0; x < params->output.width; x++) {
            const covering columns =
                find(x + window.pad_left, window.width, window.stride_w, params->input.width);
            const int8_t *weights = params->weights;
            for (int32_t first = 0; first < channels; first += MZ_BLOCK_CHANNELS) {
                const int32_t left = channels - first;
                const int32_t count = left < MZ_BLOCK_CHANNELS ? left : MZ_BLOCK_CHANNELS;
                for (int32_t i = 0; i < count; i++, weights += filter_bytes) {
                    sums[i] = params->bias[first + i] +
                              sum_of(params, &rows, &columns, input, weights);
                }
                mz_requantize_block(&params->to, sums, first, count, output);
            }
            output += channels;
        }
    }
}
