/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_3x3_s8_dsp.h"

#include "kernels/mz_depthwise_planes.h"
#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

/* One strip of one tile: where its columns and rows come from. */
typedef struct {
    int32_t column;  /* of the image, at the planes' column 0; may be -1 or -2 */
    int32_t columns; /* of the planes that are read */
    int32_t row;     /* of the image, at the planes' row 0; may be -1 */
    int32_t rows;
} patch;

static int32_t clip(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

/* The zero point into columns first..end - 1 of one row of planes. */
static void fill(int16_t *planes, int32_t first, int32_t end, int32_t zero_point) {
    for (int32_t channel = 0; channel < MZ_PLANES; channel++, planes += MZ_PLANE_COLUMNS) {
        for (int32_t column = first; column < end; column++) {
            planes[column] = (int16_t)zero_point;
        }
    }
}

/* Four channels of a column of the image. */
static __attribute__((noinline)) void widen_column(int16_t *planes, int32_t rows,
                                                   const int8_t *pixel, int32_t row_bytes) {
    for (; rows > 0; rows--, pixel += row_bytes, planes += MZ_PLANE_ROW) {
        const uint32_t four = mz_word_load(pixel);
        planes[0] = (int8_t)(four & 0xFFu);
        planes[MZ_PLANE_COLUMNS] = (int8_t)(four >> 8 & 0xFFu);
        planes[2 * MZ_PLANE_COLUMNS] = (int8_t)(four >> 16 & 0xFFu);
        planes[3 * MZ_PLANE_COLUMNS] = (int8_t)(four >> 24);
    }
}

/* What lies outside the image; the same for all channels. */
static void fill_outside(const mz_depthwise_3x3_s8_dsp_params *params, const patch *at,
                         int16_t *planes) {
    const int32_t left = clip(-at->column, 0, at->columns);
    const int32_t right = clip(params->input.width - at->column, 0, at->columns);
    for (int32_t i = 0; i < at->rows; i++, planes += MZ_PLANE_ROW) {
        const int32_t row = at->row + i;
        if (row < 0 || row >= params->input.height) {
            fill(planes, 0, at->columns, params->input_zero_point);
        } else {
            fill(planes, 0, left, params->input_zero_point);
            fill(planes, right, at->columns, params->input_zero_point);
        }
    }
}

/* Four channels of the patch's rows inside the image, columns left..right - 1. */
static void widen(const mz_depthwise_3x3_s8_dsp_params *params, const patch *at, int32_t left,
                  int32_t right, const int8_t *input, int16_t *planes) {
    const int32_t channels = params->input.channels;
    const int32_t row_bytes = params->input.width * channels;
    const int32_t first = clip(at->row, 0, params->input.height);
    const int32_t rows = clip(at->row + at->rows, 0, params->input.height) - first;
    const int8_t *from = input + first * row_bytes + at->column * channels;
    int16_t *to = planes + (first - at->row) * MZ_PLANE_ROW;
    /* Whole groups begin at an even column, those before and behind it go one by one. */
    const int32_t even = left + (left & 1) < right ? left + (left & 1) : right;
    const int32_t groups = (right - even) / MZ_GROUP;
    const int32_t behind = even + groups * MZ_GROUP;
    if (groups > 0) {
        mz_planes_widen(from + even * channels, to + even, rows, groups, channels, row_bytes);
    }
    if (even != left) {
        widen_column(to + left, rows, from + left * channels, row_bytes);
    }
    for (int32_t column = behind; column < right; column++) {
        widen_column(to + column, rows, from + column * channels, row_bytes);
    }
}

static void run_strip(const mz_depthwise_3x3_s8_dsp_params *params, const int8_t *input,
                      int32_t first, int32_t count, int8_t *output, int16_t *planes) {
    const int32_t stride = params->stride, channels = params->output.channels;
    const int32_t width = params->output.width;
    for (int32_t x = 0; x < width; x += params->tile) {
        const int32_t left = width - x;
        const int32_t columns = left < params->tile ? left : params->tile;
        const patch at = {
            .column = x * stride - params->pad_left - MZ_PLANES_LEAD(stride),
            .columns = (columns - 1) * stride + 3 + MZ_PLANES_LEAD(stride),
            .row = first * stride - params->pad_top,
            .rows = (count - 1) * stride + 3,
        };
        const int32_t inside_left = clip(-at.column, 0, at.columns);
        const int32_t inside_right = clip(params->input.width - at.column, 0, at.columns);
        mz_planes_job job = mz_planes_prepare(stride, columns, count, MZ_PLANE_COLUMNS, channels,
                                              width * channels);
        job.planes = planes;
        job.count = MZ_PLANES;
        fill_outside(params, &at, planes);
        for (int32_t block = 0; block < channels; block += MZ_PLANES) {
            /* The last block steps back and computes some channels again. */
            const int32_t channel = block + MZ_PLANES <= channels ? block : channels - MZ_PLANES;
            widen(params, &at, inside_left, inside_right, input + channel, planes);
            job.output = output + x * channels + channel;
            job.channels = params->channels + channel * MZ_DEPTHWISE_WORDS;
            mz_planes_convolve(&job);
        }
    }
}

void mz_depthwise_3x3_s8_dsp(const mz_depthwise_3x3_s8_dsp_params *params, const int8_t *input,
                             int8_t *output, int8_t *scratch) {
    const int32_t height = params->output.height;
    const int32_t row_bytes = params->output.width * params->output.channels;
    for (int32_t y = 0; y < height; y += params->strip) {
        const int32_t left = height - y;
        const int32_t count = left < params->strip ? left : params->strip;
        run_strip(params, input, y, count, output + y * row_bytes, (int16_t *)(void *)scratch);
    }
    mz_move_outputs(output, height * row_bytes, params->zero_point, params->maximum);
}
