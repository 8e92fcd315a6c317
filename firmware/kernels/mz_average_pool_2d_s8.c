/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_average_pool_2d_s8.h"

#include "kernels/mz_fixedpoint.h"
#include "kernels/mz_four.h"

/* sum / count, halves away from zero. */
static int32_t rounded_mean(int32_t sum, int32_t count) {
    const int32_t half = count / 2;
    return (sum > 0 ? sum + half : sum - half) / count;
}

/* One window's part inside the image: taps from `corner` on, and the ways between them in bytes. */
typedef struct {
    const int8_t *corner;
    int32_t rows, columns, column_step, row_step;
} part;

static int32_t sum_of(const part *at, int32_t channel) {
    int32_t sum = 0;
    const int8_t *row = at->corner + channel;
    for (int32_t y = 0; y < at->rows; y++, row += at->row_step) {
        const int8_t *value = row;
        for (int32_t x = 0; x < at->columns; x++, value += at->column_step) {
            sum += *value;
        }
    }
    return sum;
}

#if MZ_HAS_FOUR
/* So many values of -128 still fit into an int16. */
#define MOST_TAPS 256

/* A division by count without one: for 2 to MOST_TAPS. */
typedef struct {
    uint32_t reciprocal; /* 2^32 / count, rounded up */
    int32_t offset;      /* makes numerators positive, and rounds */
    int32_t even;        /* -1 where count is even: halves of negative sums go down */
} divisor;

static divisor divisor_of(int32_t count) {
    const divisor by = {
        .reciprocal = UINT32_MAX / (uint32_t)count + 1,
        .offset = count / 2 + 128 * count,
        .even = (count & 1) - 1,
    };
    return by;
}

/* rounded_mean of a sum of `count` values. */
static int32_t divided(int32_t sum, divisor by) {
    const uint32_t numerator = (uint32_t)(sum + (sum >> 31 & by.even) + by.offset);
    return (int32_t)((uint64_t)numerator * by.reciprocal >> 32) - 128;
}

static void four_means(const mz_average_pool_2d_params *params, const part *at, int32_t channel,
                       divisor by, int8_t *output) {
    uint32_t even = 0, odd = 0;
    const int8_t *row = at->corner + channel;
    for (int32_t y = at->rows; y > 0; y--, row += at->row_step) {
        const int8_t *values = row;
        for (int32_t x = at->columns; x > 0; x--, values += at->column_step) {
            const uint32_t four = mz_word_load(values);
            even = mz_pair_add_even(even, four);
            odd = mz_pair_add_odd(odd, four);
        }
    }
    const int32_t minimum = params->minimum, maximum = params->maximum;
    output[0] = (int8_t)mz_clamp(divided((int16_t)(even & 0xFFFFu), by), minimum, maximum);
    output[1] = (int8_t)mz_clamp(divided((int16_t)(odd & 0xFFFFu), by), minimum, maximum);
    output[2] = (int8_t)mz_clamp(divided((int16_t)(even >> 16), by), minimum, maximum);
    output[3] = (int8_t)mz_clamp(divided((int16_t)(odd >> 16), by), minimum, maximum);
}
#endif

void mz_average_pool_2d_s8(const mz_average_pool_2d_params *params, const int8_t *input,
                           int8_t *output) {
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
            const int32_t count = at.rows * at.columns;
            int32_t c = 0;
#if MZ_HAS_FOUR
            if (count > 1 && count <= MOST_TAPS) {
                const divisor by = divisor_of(count);
                for (; c + 4 <= channels; c += 4, output += 4) {
                    four_means(params, &at, c, by, output);
                }
            }
#endif
            for (; c < channels; c++) {
                const int32_t mean = rounded_mean(sum_of(&at, c), count);
                *output++ = (int8_t)mz_clamp(mean, params->minimum, params->maximum);
            }
        }
    }
}
