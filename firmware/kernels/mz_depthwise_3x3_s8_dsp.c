/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_3x3_s8_dsp.h"

#include <stdbool.h>

#include "kernels/mz_depthwise_planes.h"
#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

/* Where the planes of one strip of one tile come from. */
typedef struct {
    int32_t column;      /* of the image, at the planes' column 0; may be -1 or -2 */
    int32_t columns;     /* of the planes that are read */
    int32_t left, right; /* of these, left..right - 1 are of the image */
    int32_t row;         /* of the image, at the planes' row 0; may be -1 */
    int32_t rows;
    int32_t top, bottom; /* of these, top..bottom - 1 are of the image */
} patch;

/* Two columns of planes. */
typedef uint32_t __attribute__((may_alias)) pair;

static int32_t clip(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

/* The zero point, twice, into columns first..end - 1 of one row of planes, and into what else is in
 * their words. */
static void fill(int16_t *planes, int32_t first, int32_t end, uint32_t outside) {
    pair *to = (pair *)(void *)planes + first / 2;
    for (int32_t i = (end + 1) / 2 - first / 2; i > 0; i--, to++) {
        for (int32_t channel = 0; channel < MZ_PLANES; channel++) {
            to[channel * (MZ_PLANE_COLUMNS / 2)] = outside;
        }
    }
}

/* What lies outside the image, the same for all channels; columns beside it are written later. */
static void fill_outside(const patch *at, int32_t zero_point, int16_t *planes) {
    const uint32_t outside = ((uint32_t)zero_point & 0xFFFFu) * 0x10001u;
    for (int32_t row = 0; row < at->rows; row++, planes += MZ_PLANE_ROW) {
        const bool inside = row >= at->top && row < at->bottom;
        fill(planes, 0, inside ? at->left : at->columns, outside);
        fill(planes, inside ? at->right : at->columns, at->columns, outside);
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

/* Four channels of what is of the image. from: the first of them at the planes' column 0, in the
 * first row of the image. */
static void widen(const patch *at, const int8_t *from, int32_t channels, int32_t row_bytes,
                  int16_t *planes) {
    const int32_t rows = at->bottom - at->top;
    int16_t *const to = planes + at->top * MZ_PLANE_ROW;
    /* Whole groups begin at an even column, those before and behind it go one by one. */
    for (int32_t column = at->left; column < at->right; column++) {
        const int32_t groups = column % 2 == 0 ? (at->right - column) / MZ_GROUP : 0;
        if (groups > 0) {
            mz_planes_widen(from + column * channels, to + column, rows, groups, channels,
                            row_bytes);
            column += groups * MZ_GROUP - 1;
        } else {
            widen_column(to + column, rows, from + column * channels, row_bytes);
        }
    }
}

static void run_strip(const mz_depthwise_3x3_s8_dsp_params *params, const int8_t *input,
                      int32_t first, int32_t count, int8_t *output, int16_t *planes) {
    const int32_t stride = params->stride, channels = params->output.channels;
    const int32_t width = params->output.width, row_bytes = params->input.width * channels;
    patch at = {
        .row = first * stride - params->pad_top,
        .rows = (count - 1) * stride + 3,
    };
    at.top = clip(-at.row, 0, at.rows);
    at.bottom = clip(params->input.height - at.row, at.top, at.rows);
    for (int32_t x = 0; x < width; x += params->tile) {
        const int32_t left = width - x;
        const int32_t columns = left < params->tile ? left : params->tile;
        at.column = x * stride - params->pad_left - MZ_PLANES_LEAD(stride);
        at.columns = (columns - 1) * stride + 3 + MZ_PLANES_LEAD(stride);
        at.left = clip(-at.column, 0, at.columns);
        at.right = clip(params->input.width - at.column, 0, at.columns);
        mz_planes_job job;
        mz_planes_prepare(&job, stride, columns, count, MZ_PLANE_COLUMNS, channels,
                          width * channels);
        job.planes = planes;
        job.count = MZ_PLANES;
        fill_outside(&at, params->input_zero_point, planes);
        const int8_t *const from =
            input + (at.row + at.top) * row_bytes + at.column * channels;
        for (int32_t block = 0; block < channels; block += MZ_PLANES) {
            /* The last block steps back and computes some channels again. */
            const int32_t channel = block + MZ_PLANES <= channels ? block : channels - MZ_PLANES;
            widen(&at, from + channel, channels, row_bytes, planes);
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
