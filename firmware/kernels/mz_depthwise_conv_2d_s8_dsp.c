/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_conv_2d_s8_dsp.h"

#include <stdbool.h>

#include "kernels/mz_depthwise_taps.h"
#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

/* Input channels whose planes are made at a time. */
#define LANES 4
#define GROUP MZ_TAPS_GROUP

/* All but the channel of what a strip of a tile of a phase is computed from. Columns of the output
 * that read the same columns of a dilated image are a phase; without dilation all are one. */
typedef struct {
    int32_t way;                   /* MZ_TAPS_NEIGHBOURS, .. */
    int32_t words;                 /* of a row of the window */
    int32_t row_words, lane_words; /* of planes */
    int32_t first_row, rows;       /* of the image, in the planes; may begin before it */
    int32_t first_column;          /* of the image, at column 0 of the planes; may be before it */
    int32_t step;                  /* of the image, from column to column of the planes */
    mz_taps inside;                /* columns of the planes that are in the image */
    int32_t given;                 /* columns of the planes */
    int32_t columns, strip;        /* of the output */
    int32_t row_bytes;             /* of the output, from row to row */
    int32_t next_row_bytes;        /* of the planes, from row to row of the output */
} strip_plan;

static int32_t clip(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

/* Planes that there are. */
static int32_t lanes_of(const mz_depthwise_conv_2d_s8_dsp_params *params) {
    return params->input.channels < LANES ? params->input.channels : LANES;
}

/* Columns of the planes that are in the image. */
static mz_taps inside_columns(const strip_plan *plan, int32_t width) {
    const int32_t first = plan->first_column, step = plan->step;
    const int32_t before = first < 0 ? (step - 1 - first) / step : 0;
    const int32_t until = first < width ? (width - first + step - 1) / step : 0;
    const mz_taps inside = {clip(before, 0, plan->given), clip(until, 0, plan->given)};
    return inside;
}

static void fill(int16_t *plane, int32_t first, int32_t end, int32_t value) {
    for (int32_t column = first; column < end; column++) {
        plane[column] = (int16_t)value;
    }
}

/* What lies outside of the image: the same for all channels. */
static void fill_outside(const mz_depthwise_conv_2d_s8_dsp_params *params, const strip_plan *plan,
                         int32_t *planes) {
    const int32_t lanes = lanes_of(params);
    for (int32_t i = 0; i < plan->rows; i++, planes += plan->row_words) {
        const int32_t row = plan->first_row + i;
        const bool is_row = row >= 0 && row < params->input.height;
        for (int32_t lane = 0; lane < lanes; lane++) {
            int16_t *const plane = (int16_t *)(void *)(planes + lane * plan->lane_words);
            fill(plane, 0, is_row ? plan->inside.first : plan->given, params->input_zero_point);
            fill(plane, plan->inside.end, plan->given, params->input_zero_point);
        }
    }
}

/* Columns of the image to bring into planes, row by row. */
typedef struct {
    int32_t pixel_bytes, row_bytes; /* of the image */
    int32_t row_words, lane_words;  /* of planes */
    int32_t first, end;             /* columns of the planes */
    int32_t rows;
} part;

/* All columns of the part, of some lanes, one by one. */
static void widen_slowly(const part *of, const int8_t *pixel, int32_t *to, int32_t lanes) {
    for (int32_t row = 0; row < of->rows; row++, pixel += of->row_bytes, to += of->row_words) {
        int16_t *plane = (int16_t *)(void *)to;
        for (int32_t lane = 0; lane < lanes; lane++, plane += 2 * of->lane_words) {
            const int8_t *from = pixel + lane;
            for (int32_t column = of->first; column < of->end; column++, from += of->pixel_bytes) {
                plane[column] = *from;
            }
        }
    }
}

/* All lanes of a column. */
static __attribute__((noinline)) void widen_column(const part *of, const int8_t *pixel,
                                                   int16_t *plane) {
    const int32_t lane = 2 * of->lane_words, step = 2 * of->row_words;
    for (int32_t row = of->rows; row > 0; row--, pixel += of->row_bytes, plane += step) {
        const uint32_t four = mz_word_load(pixel);
        int16_t *const third = plane + 2 * lane;
        plane[0] = (int8_t)(four & 0xFFu);
        plane[lane] = (int8_t)(four >> 8 & 0xFFu);
        third[0] = (int8_t)(four >> 16 & 0xFFu);
        third[lane] = (int8_t)(four >> 24);
    }
}

/* All lanes of a row, two columns at a time, to `end` of the first lane. */
static __attribute__((noinline)) void widen_pairs(const int8_t *pixel, int32_t pixel_bytes,
                                                  int32_t *lane_0, const int32_t *end,
                                                  int32_t lane_words) {
    int32_t *lane_2 = lane_0 + 2 * lane_words;
    for (; lane_0 < end; lane_0++, lane_2++, pixel += 2 * pixel_bytes) {
        const uint32_t a = mz_word_load(pixel), b = mz_word_load(pixel + pixel_bytes);
        const uint32_t low = mz_pair_firsts(a, b), high = mz_pair_seconds(a, b);
        lane_0[0] = (int32_t)mz_pair_even(low);
        lane_0[lane_words] = (int32_t)mz_pair_odd(low);
        lane_2[0] = (int32_t)mz_pair_even(high);
        lane_2[lane_words] = (int32_t)mz_pair_odd(high);
    }
}

/* All lanes of the part; words begin at even columns. */
static void widen_quickly(const part *of, const int8_t *pixel, int32_t *to) {
    const int32_t even = of->first + (of->first & 1), end = of->end & ~1;
    if (even != of->first) {
        widen_column(of, pixel, (int16_t *)(void *)to + of->first);
    }
    if (end != of->end && end >= even) {
        widen_column(of, pixel + (end - of->first) * of->pixel_bytes, (int16_t *)(void *)to + end);
    }
    pixel += (even - of->first) * of->pixel_bytes;
    for (int32_t row = 0; row < of->rows; row++, pixel += of->row_bytes, to += of->row_words) {
        widen_pairs(pixel, of->pixel_bytes, to + even / 2, to + end / 2, of->lane_words);
    }
}

/* Planes of `lanes` channels, of what is inside of the image. input: its first pixel's channel. */
static void widen(const mz_depthwise_conv_2d_s8_dsp_params *params, const strip_plan *plan,
                  const int8_t *input, int32_t lanes, int32_t *planes) {
    const int32_t first = clip(plan->first_row, 0, params->input.height);
    const int32_t end = clip(plan->first_row + plan->rows, 0, params->input.height);
    const int32_t column = plan->first_column + plan->inside.first * plan->step;
    const part of = {
        .pixel_bytes = plan->step * params->input_pixel_bytes,
        .row_bytes = params->input_row_bytes,
        .row_words = plan->row_words,
        .lane_words = plan->lane_words,
        .first = plan->inside.first,
        .end = plan->inside.end,
        .rows = plan->inside.first < plan->inside.end ? end - first : 0,
    };
    const int8_t *const pixel =
        input + (first * params->input_row_bytes + column * params->input_pixel_bytes);
    int32_t *const to = planes + (first - plan->first_row) * plan->row_words;
    if (lanes == LANES) {
        widen_quickly(&of, pixel, to);
    } else {
        widen_slowly(&of, pixel, to, lanes);
    }
}

/* A channel's weights, twice each, as the products want them: for every row of the window the words
 * (w0, w1) (w2, w3) .. for windows at even columns, each before that of (0, w0) (w1, w2) .. for
 * windows at odd ones, unless there are none. */
static __attribute__((noinline)) void unpack_weights(const int8_t *weights, mz_window window,
                                                     bool neighbours, uint32_t *to) {
    const int32_t step = neighbours ? 2 : 1, pairs = window.width / 2;
    for (int32_t y = 0; y < window.height; y++) {
        uint32_t last = 0;
        for (int32_t i = 0; i < pairs; i++, to += step, weights += 2) {
            const uint32_t first = (uint32_t)(2 * weights[0]), second = (uint32_t)(2 * weights[1]);
            to[step - 1] = mz_pair_firsts(last, first);
            to[0] = mz_pair_firsts(first, second);
            last = second;
        }
        if (window.width % 2 != 0 || neighbours) {
            const uint32_t first = window.width % 2 != 0 ? (uint32_t)(2 * *weights++) : 0;
            to[step - 1] = mz_pair_firsts(last, first);
            to[0] = mz_pair_firsts(first, 0);
            to += step;
        }
    }
}

/* Groups of a channel: `count` from each row's column `start` of the output on. garbage: the last
 * column of a group is none. */
typedef struct {
    mz_taps_job job;
    int32_t start;
} taps_pass;

static taps_pass pass_over(const strip_plan *plan, const mz_taps_job *job, int32_t start,
                           int32_t count, bool garbage) {
    taps_pass pass = {*job, start};
    const bool down = count < plan->strip;
    const int32_t groups = down ? plan->strip : count;
    const int32_t row_input = plan->next_row_bytes, row_output = plan->row_bytes;
    const int32_t group_input = 2 * GROUP * job->apart, group_output = GROUP * job->step;
    pass.job.lines = down ? count : plan->strip;
    pass.job.group_bytes = down ? row_input : group_input;
    pass.job.group_output = down ? row_output : group_output;
    pass.job.line_bytes = groups * pass.job.group_bytes;
    pass.job.input_skip = (down ? group_input : row_input) - pass.job.line_bytes;
    pass.job.output_skip =
        (down ? group_output : row_output) - groups * pass.job.group_output;
    pass.job.last = (garbage ? GROUP - 2 : GROUP - 1) * job->step;
    return pass;
}

/* One or two columns come through `rest`, which takes four bytes for each row. */
static void move_narrow(const strip_plan *plan, int32_t pixel_bytes, const int8_t *rest,
                        int8_t *to) {
    for (int32_t y = 0; y < plan->strip; y++, rest += GROUP, to += plan->row_bytes) {
        for (int32_t i = 0; i < plan->columns; i++) {
            to[i * plan->step * pixel_bytes] = rest[i];
        }
    }
}

/* All channels of a strip. output: its first pixel. */
static void run_strip(const mz_depthwise_conv_2d_s8_dsp_params *params, const strip_plan *plan,
                      const int8_t *input, int8_t *output, int32_t *planes) {
    const mz_window window = params->window;
    const int32_t multiplier = params->depth_multiplier, taps = window.height * window.width;
    uint32_t *const weights = (uint32_t *)(void *)(planes + lanes_of(params) * plan->lane_words);
    const bool neighbours = plan->way == MZ_TAPS_NEIGHBOURS;
    int8_t *const rest = (int8_t *)(weights + (neighbours ? 2 : 1) * plan->words * window.height +
                                    MZ_TAPS_WORDS_BEHIND);
    const int32_t columns = plan->columns;
    const bool narrow = columns < GROUP - 1;
    strip_plan made = *plan;
    if (narrow) {
        made.row_bytes = GROUP;
    }
    const mz_taps_job job = {
        .step = narrow ? 1 : plan->step * params->output_pixel_bytes,
        .weights = weights,
        .taps_down = window.height,
        .tap_bytes = 4 * window.dilation_h * plan->row_words,
        .entry = mz_taps_entry(plan->way, plan->words),
        .way = plan->way,
        .words = plan->words,
        .apart = window.stride_w,
    };
    /* Columns behind whole groups go by a group that begins before them, at an even column of the
     * planes, which are words. */
    taps_pass passes[2];
    int32_t count = 0;
    if (columns >= GROUP) {
        passes[count++] = pass_over(&made, &job, 0, columns / GROUP, false);
    }
    if (columns % GROUP != 0) {
        const bool garbage = columns < GROUP || columns * window.stride_w % 2 != 0;
        const int32_t start = columns - (garbage ? GROUP - 1 : GROUP);
        passes[count++] = pass_over(&made, &job, start > 0 ? start : 0, 1, garbage && !narrow);
    }
    fill_outside(params, plan, planes);
    for (int32_t block = 0; block < params->input.channels; block += LANES) {
        const int32_t left = params->input.channels - block;
        const int32_t lanes = left < LANES ? left : LANES;
        widen(params, plan, input + block, lanes, planes);
        for (int32_t i = 0; i < lanes * multiplier; i++) {
            const int32_t channel = block * multiplier + i;
            const int32_t shift = params->shifts[channel];
            int8_t *const to = narrow ? rest : output + channel;
            unpack_weights(params->weights + channel * taps, window, neighbours, weights);
            for (int32_t k = 0; k < count; k++) {
                mz_taps_job *const pass = &passes[k].job;
                const int32_t start = passes[k].start;
                pass->planes =
                    planes + i / multiplier * plan->lane_words + start * window.stride_w / 2;
                pass->output = to + start * pass->step;
                pass->start = params->bias[channel] * 2;
                pass->multiplier = params->multipliers[channel];
                pass->shift = shift;
                pass->offset = (1 << (shift - 1)) + params->zero_point * (1 << shift);
                mz_taps_run(pass);
            }
            if (narrow) {
                move_narrow(plan, params->output_pixel_bytes, rest, output + channel);
            }
        }
    }
}

void mz_depthwise_conv_2d_s8_dsp(const mz_depthwise_conv_2d_s8_dsp_params *params,
                                 const int8_t *input, int8_t *output, int8_t *scratch) {
    const mz_window window = params->window;
    const mz_extent out = params->output;
    const int32_t phases = window.dilation_w, width = window.width;
    strip_plan plan = {.step = phases, .row_bytes = params->output_row_bytes};
    plan.way = window.stride_w == 1   ? MZ_TAPS_NEIGHBOURS
               : window.stride_w == 2 ? MZ_TAPS_EVERY_SECOND
                                      : MZ_TAPS_APART;
    plan.words = plan.way == MZ_TAPS_NEIGHBOURS ? width / 2 + 1 : (width + 1) / 2;

    for (int32_t y = 0; y < out.height; y += params->strip) {
        const int32_t rows = out.height - y;
        plan.strip = rows < params->strip ? rows : params->strip;
        plan.first_row = y * window.stride_h - window.pad_top;
        plan.rows =
            (plan.strip - 1) * window.stride_h + (window.height - 1) * window.dilation_h + 1;
        for (int32_t phase = 0; phase < phases; phase++) {
            const int32_t count = (out.width - phase + phases - 1) / phases;
            for (int32_t x = 0; x < count; x += params->tile) {
                const int32_t left = count - x, column = phase + x * phases;
                plan.columns = left < params->tile ? left : params->tile;
                const int32_t groups = (plan.columns + GROUP - 1) / GROUP;
                plan.given = (plan.columns - 1) * window.stride_w + width;
                plan.first_column = column * window.stride_w - window.pad_left;
                plan.inside = inside_columns(&plan, params->input.width);
                plan.row_words = groups * GROUP * window.stride_w / 2 + plan.words;
                plan.lane_words = plan.rows * plan.row_words;
                plan.next_row_bytes = 4 * window.stride_h * plan.row_words;
                run_strip(params, &plan, input,
                          output + y * params->output_row_bytes +
                              column * params->output_pixel_bytes,
                          (int32_t *)(void *)scratch);
            }
        }
    }
    mz_clamp_outputs(output, out.height * out.width * out.channels, params->minimum,
                     params->maximum);
}
