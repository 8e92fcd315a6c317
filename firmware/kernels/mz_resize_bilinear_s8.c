/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_resize_bilinear_s8.h"

#define PIXEL 1024

/* The two input pixels along an axis that an output pixel lies between, and the weight of the
 * second; that of the first is PIXEL less. */
typedef struct {
    int32_t low, high;
    int32_t weight;
} neighbours;

/* at: the output pixel's place, in 1/1024 pixels; size: pixels of the input's axis. */
static neighbours find(int32_t at, int32_t size) {
    const int32_t before = at < 0 ? 0 : at / PIXEL;
    const int32_t behind = (at + PIXEL - 1) / PIXEL;
    const neighbours found = {before, behind < size ? behind : size - 1, at - PIXEL * before};
    return found;
}

/* The four pixels that an output pixel lies between, and the weights of each: sums of 2^20. */
typedef struct {
    const int8_t *pixels[4];
    int32_t weights[4];
} corners;

static void mix(const corners *of, int32_t channels, int8_t *output) {
    const int8_t *const a = of->pixels[0], *const b = of->pixels[1];
    const int8_t *const c = of->pixels[2], *const d = of->pixels[3];
    const int32_t wa = of->weights[0], wb = of->weights[1];
    const int32_t wc = of->weights[2], wd = of->weights[3];
    for (int32_t i = 0; i < channels; i++) {
        const int32_t sum = a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd;
        /* Halves go away from zero. */
        output[i] = (int8_t)((sum + (sum >> 31) + (PIXEL * PIXEL / 2)) >> 20);
    }
}

void mz_resize_bilinear_s8(const mz_resize_bilinear_params *params, const int8_t *input,
                           int8_t *output) {
    const int32_t channels = params->input.channels;
    const int32_t row_bytes = params->input.width * channels;
    for (int32_t y = 0; y < params->output.height; y++) {
        const neighbours rows = find(params->first_h + y * params->step_h, params->input.height);
        const int8_t *const upper = input + rows.low * row_bytes;
        const int8_t *const lower = input + rows.high * row_bytes;
        const int32_t up = PIXEL - rows.weight, down = rows.weight;
        for (int32_t x = 0; x < params->output.width; x++, output += channels) {
            const neighbours columns =
                find(params->first_w + x * params->step_w, params->input.width);
            const int32_t left = columns.low * channels, right = columns.high * channels;
            const int32_t near = PIXEL - columns.weight, far = columns.weight;
            const corners of = {
                {upper + left, lower + left, upper + right, lower + right},
                {up * near, down * near, up * far, down * far},
            };
            mix(&of, channels, output);
        }
    }
}
