/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_max_pool_2d_s8.h"

#include "kernels/mz_fixedpoint.h"
#include "kernels/mz_four.h"

/* One window's part inside the image: taps from `corner` on, and the ways between them in bytes. */
typedef struct {
    const int8_t *corner;
    int32_t rows, columns, column_step, row_step;
} part;

static int32_t largest(const part *at, int32_t channel) {
    int32_t maximum = INT8_MIN;
    const int8_t *row = at->corner + channel;
    for (int32_t y = 0; y < at->rows; y++, row += at->row_step) {
        const int8_t *value = row;
        for (int32_t x = 0; x < at->columns; x++, value += at->column_step) {
            maximum = *value > maximum ? *value : maximum;
        }
    }
    return maximum;
}

#if MZ_HAS_FOUR
static void store_clamped(const mz_max_pool_2d_params *params, uint32_t maximum, int8_t *output) {
    const uint32_t clamped = mz_four_larger(maximum, mz_four_of(params->minimum));
    mz_word_store(output, mz_four_smaller(clamped, mz_four_of(params->maximum)));
}

static void four_largest(const mz_max_pool_2d_params *params, const part *at, int32_t channel,
                         int8_t *output) {
    uint32_t maximum = mz_four_of(INT8_MIN);
    const int8_t *row = at->corner + channel;
    for (int32_t y = 0; y < at->rows; y++, row += at->row_step) {
        const int8_t *values = row;
        for (int32_t x = 0; x < at->columns; x++, values += at->column_step) {
            maximum = mz_four_larger(maximum, mz_word_load(values));
        }
    }
    store_clamped(params, maximum, output);
}

/* Twice as many share what it takes to walk over the window. */
static void eight_largest(const mz_max_pool_2d_params *params, const part *at, int32_t channel,
                          int8_t *output) {
    uint32_t maximum = mz_four_of(INT8_MIN), next = maximum;
    const int8_t *row = at->corner + channel;
    for (int32_t y = at->rows; y > 0; y--, row += at->row_step) {
        const int8_t *values = row;
        for (int32_t x = at->columns; x > 0; x--, values += at->column_step) {
            maximum = mz_four_larger(maximum, mz_word_load(values));
            next = mz_four_larger(next, mz_word_load(values + 4));
        }
    }
    store_clamped(params, maximum, output);
    store_clamped(params, next, output + 4);
}
#endif

void mz_max_pool_2d_s8(const mz_max_pool_2d_params *params, const int8_t *input, int8_t *output) {
    const mz_window window = params->window;
    const mz_extent image = params->input;
    const int32_t channels = image.channels;

    for (int32_t y = 0; y < params->output.height; y++) {
        const int32_t top = y * window.stride_h - window.pad_top;
        const mz_taps inside_y = mz_taps_inside(top, window.height, 1, image.height);
        for (int32_t x = 0; x < params->output.width; x++) {
            const int32_t left = x * window.stride_w - window.pad_left;
            const mz_taps inside_x = mz_taps_inside(left, window.width, 1, image.width);
            const part at = {
                .corner = input + ((top + inside_y.first) * image.width + left + inside_x.first) *
                                      channels,
                .rows = inside_y.end - inside_y.first,
                .columns = inside_x.end - inside_x.first,
                .column_step = channels,
                .row_step = image.width * channels,
            };
            int32_t c = 0;
#if MZ_HAS_FOUR
            for (; c + 8 <= channels; c += 8, output += 8) {
                eight_largest(params, &at, c, output);
            }
            if (c + 4 <= channels) {
                four_largest(params, &at, c, output);
                c += 4;
                output += 4;
            }
#endif
            for (; c < channels; c++) {
                *output++ = (int8_t)mz_clamp(largest(&at, c), params->minimum, params->maximum);
            }
        }
    }
}
