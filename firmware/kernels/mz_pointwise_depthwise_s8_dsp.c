/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_pointwise_depthwise_s8_dsp.h"

#include "kernels/mz_depthwise_planes.h"
#include "kernels/mz_requantization.h"
#include "kernels/mz_packed_block.h"

_Static_assert(MZ_DEPTHWISE_SCRATCH_ROW == 2 * MZ_PLANE_ROW, "planes are int16");

/* Two columns of planes, four times that. */
typedef uint32_t __attribute__((may_alias)) pair;
typedef struct {
    pair pairs[4];
} eight;
#define ROW_PAIRS (MZ_PLANE_ROW / 2)

/* Panels follow each other, each with `rows` rows of planes. */
typedef struct {
    pair *pairs;
    int32_t rows, panels;
    uint32_t outside; /* the zero point, twice */
} buffer;

static pair *row_of(const buffer *planes, int32_t panel, int32_t row) {
    return planes->pairs + (panel * planes->rows + row) * ROW_PAIRS;
}

/* What lies left and right of the images. At stride 1 an image begins behind its gap, at stride 2
 * before it. */
static void fill_gaps(const mz_pointwise_depthwise_s8_dsp_params *params, const buffer *planes) {
    const int32_t image = params->depthwise.input.width / 2;
    const int32_t step = image + MZ_PLANES_GAP / 2;
    const int32_t behind = params->depthwise.stride == 1;
    const int32_t end = (params->panel + behind) * step;
    const uint32_t outside = planes->outside;
    pair *row = planes->pairs + (behind ? 0 : image);
    for (int32_t i = planes->panels * planes->rows; i > 0; i--, row += ROW_PAIRS) {
        for (int32_t gap = 0; gap < end; gap += step) {
            row[gap] = outside;
        }
    }
}

static void fill_row(const buffer *planes, int32_t row) {
    for (int32_t panel = 0; panel < planes->panels; panel++) {
        pair *const pairs = row_of(planes, panel, row);
        for (int32_t i = 0; i < ROW_PAIRS; i += 4) {
            pairs[i] = pairs[i + 1] = pairs[i + 2] = pairs[i + 3] = planes->outside;
        }
    }
}

/* Rows from..from + count - 1 to the top, where the next strip wants them. */
static void move_up(const buffer *planes, int32_t from, int32_t count) {
    for (int32_t panel = 0; panel < planes->panels; panel++) {
        eight *const to = (eight *)(void *)row_of(planes, panel, 0);
        const eight *const rows = (const eight *)(const void *)row_of(planes, panel, from);
        for (int32_t i = 0; i < count * ROW_PAIRS / 4; i++) {
            to[i] = rows[i];
        }
    }
}

/* Of a slice: `count` channels from `from` on. */
static mz_block_job prepare(const mz_pointwise_depthwise_s8_dsp_params *params, int32_t from,
                            int32_t count, const buffer *planes, int8_t *scratch) {
    const mz_pointwise_s8_dsp_params *const first = &params->pointwise;
    const int32_t stream = mz_block_stream_words(MZ_BLOCK_TO_PLANES, first->depth);
    mz_block_job job;
    mz_block_prepare(&job, first->packed + from / 2 * stream, MZ_BLOCK_TO_PLANES, first->depth,
                     count, scratch);
    mz_block_planes *const to = &job.planes;
    const int32_t panel_bytes = planes->rows * MZ_DEPTHWISE_SCRATCH_ROW;
    const int32_t all_words = (int32_t)(job.weights_end - job.weights);
    to->step = panel_bytes;
    to->jump = 0;
    to->panel_words = all_words;
    if (params->panel > 1) {
        to->step = 2 * (first->rows + MZ_PLANES_GAP);
        to->jump = panel_bytes - params->panel * to->step;
        to->panel_words = params->panel / 2 * stream;
    }
    if (to->panel_words < all_words) {
        job.weights_end = job.weights + to->panel_words;
    }
    /* From behind the last panel's last channel to the next four pixels of the first. */
    job.output_step = 2 * MZ_BLOCK_PIXELS - count * to->step -
                      (planes->panels - 1) * to->jump;
    job.input_step = (MZ_BLOCK_PIXELS - 1) * first->depth;
    job.blocks = first->rows / MZ_BLOCK_PIXELS;
    return job;
}

static void make_row(const mz_pointwise_s8_dsp_params *params, mz_block_job *job,
                     const int8_t *input, int16_t *planes) {
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
        job->input[i] = input + i * params->depth;
    }
    job->planes.output = planes;
    mz_block_run(job);
}

/* `count` channels of the image and of the output, from `from` on. */
static void convolve(const mz_pointwise_depthwise_s8_dsp_params *params, int32_t from,
                     int32_t count, const buffer *planes, int32_t rows, int8_t *output) {
    const mz_depthwise_3x3_s8_dsp_params *const next = &params->depthwise;
    const int32_t channels = next->output.channels, width = next->output.width;
    mz_planes_job job;
    mz_planes_prepare(&job, next->stride, width, rows, next->input.width + MZ_PLANES_GAP, channels,
                      width * channels);
    job.channels = next->channels + from * MZ_DEPTHWISE_WORDS;
    job.output = output + from;
    int32_t left = count;
    for (int32_t panel = 0; panel < planes->panels; panel++, left -= params->panel) {
        job.planes = (const int16_t *)(const void *)row_of(planes, panel, 0);
        job.count = left < params->panel ? left : params->panel;
        mz_planes_convolve(&job);
        job.channels += job.count * MZ_DEPTHWISE_WORDS;
        job.output += job.count;
    }
}

static void run_slice(const mz_pointwise_depthwise_s8_dsp_params *params, int32_t from,
                      int32_t channels, const int8_t *input, int8_t *output, int8_t *scratch) {
    const mz_depthwise_3x3_s8_dsp_params *const next = &params->depthwise;
    const int32_t height = next->output.height, stride = next->stride;
    const int32_t input_row_bytes = params->pointwise.rows * params->pointwise.depth;
    const int32_t output_row_bytes = next->output.width * next->output.channels;
    const buffer planes = {
        .pairs = (pair *)(void *)scratch,
        .rows = (next->strip - 1) * stride + 3,
        .panels = (channels + params->panel - 1) / params->panel,
        .outside = ((uint32_t)next->input_zero_point & 0xFFFFu) * 0x10001u,
    };
    const int32_t image = stride == 1 ? MZ_PLANES_GAP : 0;
    int8_t *const behind = (int8_t *)row_of(&planes, planes.panels, 0) + 16;
    mz_block_job job = prepare(params, from, channels, &planes, behind);
    fill_gaps(params, &planes);
    int32_t row = -next->pad_top; /* of the image, that is made next */
    for (int32_t y = 0; y < height; y += next->strip) {
        const int32_t left = height - y;
        const int32_t count = left < next->strip ? left : next->strip;
        const int32_t top = y * stride - next->pad_top;
        for (; row < top + (count - 1) * stride + 3; row++) {
            if (row < 0 || row >= next->input.height) {
                fill_row(&planes, row - top);
                continue;
            }
            int16_t *const to = (int16_t *)(void *)row_of(&planes, 0, row - top);
            make_row(&params->pointwise, &job, input + row * input_row_bytes, to + image);
        }
        convolve(params, from, channels, &planes, count, output + y * output_row_bytes);
        if (left > count) {
            move_up(&planes, count * stride, 3 - stride);
        }
    }
}

void mz_pointwise_depthwise_s8_dsp(const mz_pointwise_depthwise_s8_dsp_params *params,
                                   const int8_t *input, int8_t *output, int8_t *scratch) {
    const mz_depthwise_3x3_s8_dsp_params *const next = &params->depthwise;
    const int32_t channels = next->output.channels, slice = params->pointwise.slice;
    for (int32_t from = 0; from < channels; from += slice) {
        const int32_t left = channels - from;
        run_slice(params, from, left < slice ? left : slice, input, output, scratch);
    }
    mz_move_outputs(output, next->output.height * next->output.width * channels,
                    next->zero_point, next->maximum);
}
