/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_row_s8_dsp.h"

#include "kernels/mz_assembly.h"
#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

/* Channels whose planes are made at a time, and outputs that are computed at a time. */
#define LANES 4
#define GROUP 4

/* Groups of a channel, one after the other; the last one begins where the row has as many columns
 * left, and computes some again. The assembly counts on the order. Weights are twice the model's,
 * sums twice the accumulator. */
typedef struct {
    const int16_t *plane; /* the first window's first tap */
    int8_t *output;
    const int32_t *weights; /* pairs of taps: (w0, w1) (0, w0) (w2, w3) (w1, w2) .., then zeros */
    int32_t words;          /* of either kind, an even number */
    int32_t start;          /* of the sums */
    int32_t multiplier;     /* Q0.31 */
    int32_t offset;         /* half of an output, and where outputs begin */
    int32_t shift;          /* to the right, 1 or more */
    int32_t step;           /* bytes from output to output */
    const int16_t *last_plane; /* of the last group */
    int8_t *last_output;
} row_job;

#if MZ_ASSEMBLY

#include <stddef.h>

#define JOB_PLANE 0
#define JOB_OUTPUT 4
#define JOB_WEIGHTS 8
#define JOB_WORDS 12
#define JOB_START 16
#define JOB_MULTIPLIER 20
#define JOB_OFFSET 24
#define JOB_SHIFT 28
#define JOB_STEP 32
#define JOB_LAST_PLANE 36
#define JOB_LAST_OUTPUT 40
#define JOB_BYTES 44

/* A field of the job, and of what is on the stack from the field `from` on. */
#define IN_JOB(name) MZ_AT("r0", JOB_##name)
#define ON_STACK(name, from) MZ_AT("sp", JOB_##name - JOB_##from)
#define STACK_BYTES(from) MZ_IMMEDIATE(JOB_BYTES - JOB_##from)

/* Of the weights: words of pairs for windows at even and at odd columns take turns. */
#define WEIGHTS_01 0
#define WEIGHTS_23 8
#define WEIGHTS_12 12
#define WEIGHTS_34 20

#define IS_AT(field, name) (offsetof(row_job, field) == JOB_##name)
_Static_assert(IS_AT(plane, PLANE) && IS_AT(output, OUTPUT) && IS_AT(weights, WEIGHTS) &&
                   IS_AT(words, WORDS) && IS_AT(start, START) && IS_AT(multiplier, MULTIPLIER) &&
                   IS_AT(offset, OFFSET) && IS_AT(shift, SHIFT) && IS_AT(step, STEP) &&
                   IS_AT(last_plane, LAST_PLANE) && IS_AT(last_output, LAST_OUTPUT) &&
                   sizeof(row_job) == JOB_BYTES,
               "the assembly below counts on it");

/* From a sum to an output, but for the shift by a register. */
#define SIGN(to, offset, sum) "add " to ", " offset ", " sum ", asr #31\n\t"
#define SCALED(sum, multiplier, offset) "smmlar " sum ", " sum ", " multiplier ", " offset "\n\t"
#define SHIFTED(sum, shift) "asr " sum ", " shift "\n\t"
#define SATURATED(sum) "ssat " sum ", #8, " sum "\n\t"

/* Up to three taps:
 *
 *   r0 r1    read the plane, write outputs     r8 r9    activations
 *   r2 r3    weights (w0, w1) (w1, w2)         r10 r11  sums of the first and the second output
 *   r4       start of the sums                 r12 lr   of the third and the fourth
 *   r5..r7   multiplier, offset, shift         stack    step, where the last group begins */
__attribute__((naked)) static void run_3(const row_job *job __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldrd r8, r9, " IN_JOB(STEP) "\n\t"
        "ldr r10, " IN_JOB(LAST_OUTPUT) "\n\t"
        "push {r8-r10}\n\t"
        "ldm r0, {r0-r7}\n\t"
        "ldr r3, " MZ_AT("r2", WEIGHTS_12) "\n\t"
        "ldr r2, " MZ_AT("r2", WEIGHTS_01) "\n\t"
        "ldr r8, [r0]\n\t"
        ".Lrow_3:\n\t"
        "ldr r9, [r0, #4]\n\t"
        "smlad r10, r8, r2, r4\n\t"
        "smlatb r11, r8, r2, r4\n\t"
        "ldr r8, [r0, #8]!\n\t"
        "smlabt r10, r9, r3, r10\n\t"
        "smlad r12, r9, r2, r4\n\t"
        "smlad r11, r9, r3, r11\n\t"
        "smlatb lr, r9, r2, r4\n\t"
        SIGN("r9", "r6", "r10")
        "smlabt r12, r8, r3, r12\n\t"
        SCALED("r10", "r5", "r9")
        SIGN("r9", "r6", "r11")
        "smlad lr, r8, r3, lr\n\t"
        SCALED("r11", "r5", "r9")
        SIGN("r9", "r6", "r12")
        SCALED("r12", "r5", "r9")
        SIGN("r9", "r6", "lr")
        SHIFTED("r10", "r7")
        SCALED("lr", "r5", "r9")
        "ldr r9, " ON_STACK(STEP, STEP) "\n\t"
        SATURATED("r10")
        SHIFTED("r11", "r7")
        "strb r10, [r1]\n\t"
        SATURATED("r11")
        SHIFTED("r12", "r7")
        "strb r11, [r1, r9]\n\t"
        SATURATED("r12")
        "ldr r10, " ON_STACK(LAST_PLANE, STEP) "\n\t"
        SHIFTED("lr", "r7")
        "strb r12, [r1, r9, lsl #1]\n\t"
        SATURATED("lr")
        "add r1, r9\n\t"
        "strb lr, [r1, r9, lsl #1]\n\t"
        "cmp r0, r10\n\t"
        "add r9, r9, r9, lsl #1\n\t"
        "add r1, r9\n\t"
        "bls .Lrow_3\n\t"
        "sub r10, r0, r10\n\t"
        "cmp r10, #8\n\t"
        "beq .Lrow_3_done\n\t"
        "ldrd r0, r1, " ON_STACK(LAST_PLANE, STEP) "\n\t"
        "ldr r8, [r0]\n\t"
        "b .Lrow_3\n\t"
        ".Lrow_3_done:\n\t"
        "add sp, " STACK_BYTES(STEP) "\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* Four or five taps:
 *
 *   r0 r1    read the plane, write outputs     r6 r7     activations
 *   r2 r3    weights (w0, w1) (w1, w2)         r8..r11   the sums of four outputs
 *   r4 r5    weights (w2, w3) (w3, w4)         r12 lr    start of the sums, multiplier
 *   stack    offset, shift, step, where the last group begins */
__attribute__((naked)) static void run_5(const row_job *job __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "add r12, r0, " MZ_IMMEDIATE(JOB_OFFSET) "\n\t"
        "ldm r12, {r4-r8}\n\t"
        "push {r4-r8}\n\t"
        "ldrd r12, lr, " IN_JOB(START) "\n\t"
        "ldm r0, {r0-r2}\n\t"
        "ldrd r4, r3, " MZ_AT("r2", WEIGHTS_23) "\n\t"
        "ldr r5, " MZ_AT("r2", WEIGHTS_34) "\n\t"
        "ldr r2, " MZ_AT("r2", WEIGHTS_01) "\n\t"
        ".Lrow_5:\n\t"
        "ldr r6, [r0]\n\t"
        "ldr r7, [r0, #4]\n\t"
        ".Lrow_5_loaded:\n\t"
        "smlad r8, r6, r2, r12\n\t"
        "smlatb r9, r6, r2, r12\n\t"
        "ldr r6, [r0, #8]!\n\t"
        "smlad r8, r7, r4, r8\n\t"
        "smlad r9, r7, r3, r9\n\t"
        "smlad r10, r7, r2, r12\n\t"
        "smlatb r11, r7, r2, r12\n\t"
        "ldr r7, [r0, #4]\n\t"
        "smlabt r8, r6, r5, r8\n\t"
        "smlad r9, r6, r5, r9\n\t"
        "smlad r10, r6, r4, r10\n\t"
        "smlad r11, r6, r3, r11\n\t"
        "ldr r6, " ON_STACK(OFFSET, OFFSET) "\n\t"
        "smlabt r10, r7, r5, r10\n\t"
        "smlad r11, r7, r5, r11\n\t"
        SIGN("r7", "r6", "r8")
        SCALED("r8", "lr", "r7")
        SIGN("r7", "r6", "r9")
        SCALED("r9", "lr", "r7")
        SIGN("r7", "r6", "r10")
        SCALED("r10", "lr", "r7")
        SIGN("r7", "r6", "r11")
        "ldr r6, " ON_STACK(SHIFT, OFFSET) "\n\t"
        SCALED("r11", "lr", "r7")
        "ldr r7, " ON_STACK(STEP, OFFSET) "\n\t"
        SHIFTED("r8", "r6")
        SATURATED("r8")
        SHIFTED("r9", "r6")
        "strb r8, [r1]\n\t"
        SATURATED("r9")
        SHIFTED("r10", "r6")
        "strb r9, [r1, r7]\n\t"
        SATURATED("r10")
        "ldr r8, " ON_STACK(LAST_PLANE, OFFSET) "\n\t"
        SHIFTED("r11", "r6")
        "strb r10, [r1, r7, lsl #1]\n\t"
        SATURATED("r11")
        "add r1, r7\n\t"
        "ldr r6, [r0]\n\t"
        "strb r11, [r1, r7, lsl #1]\n\t"
        "cmp r0, r8\n\t"
        "add r7, r7, r7, lsl #1\n\t"
        "add r1, r7\n\t"
        "ldr r7, [r0, #4]\n\t"
        "bls .Lrow_5_loaded\n\t"
        "sub r8, r0, r8\n\t"
        "cmp r8, #8\n\t"
        "beq .Lrow_5_done\n\t"
        "ldrd r0, r1, " ON_STACK(LAST_PLANE, OFFSET) "\n\t"
        "b .Lrow_5\n\t"
        ".Lrow_5_done:\n\t"
        "add sp, " STACK_BYTES(OFFSET) "\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* Any number of taps:
 *
 *   r0 r1    read the plane and weights        r8        pairs of words that are left
 *   r2..r5   weights for even and odd columns  r9..r12   the sums of four outputs
 *   r6 r7    activations: now, next            lr        the group's first window
 *   stack    all from output on */
__attribute__((naked)) static void run_any(const row_job *job __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldr lr, [r0], #4\n\t"
        "sub sp, " STACK_BYTES(OUTPUT) "\n\t"
        "mov r11, sp\n\t"
        "ldm r0, {r1-r10}\n\t"
        "stm r11, {r1-r10}\n\t"
        ".Lrow_group:\n\t"
        "ldr r1, " ON_STACK(WEIGHTS, OUTPUT) "\n\t"
        "ldr r6, [lr]\n\t"
        "ldr r9, " ON_STACK(START, OUTPUT) "\n\t"
        "ldr r2, [r1], #4\n\t"
        "mov r0, lr\n\t"
        "ldr r3, [r1], #4\n\t"
        "mov r10, r9\n\t"
        "ldr r8, " ON_STACK(WORDS, OUTPUT) "\n\t"
        "mov r11, r9\n\t"
        "mov r12, r9\n\t"
        ".Lrow_words:\n\t"
        "smlad r9, r6, r2, r9\n\t"
        "ldr r7, [r0, #4]\n\t"
        "smlad r10, r6, r3, r10\n\t"
        "ldr r4, [r1], #4\n\t"
        "smlad r11, r7, r2, r11\n\t"
        "ldr r5, [r1], #4\n\t"
        "smlad r12, r7, r3, r12\n\t"
        "ldr r6, [r0, #8]!\n\t"
        "smlad r9, r7, r4, r9\n\t"
        "ldr r2, [r1], #4\n\t"
        "smlad r10, r7, r5, r10\n\t"
        "ldr r3, [r1], #4\n\t"
        "smlad r11, r6, r4, r11\n\t"
        "subs r8, #2\n\t"
        "smlad r12, r6, r5, r12\n\t"
        "bne .Lrow_words\n\t"
        "ldrd r2, r3, " ON_STACK(MULTIPLIER, OUTPUT) "\n\t"
        "ldr r0, " ON_STACK(OUTPUT, OUTPUT) "\n\t"
        SIGN("r4", "r3", "r9")
        SIGN("r5", "r3", "r10")
        SCALED("r9", "r2", "r4")
        SIGN("r6", "r3", "r11")
        SCALED("r10", "r2", "r5")
        SIGN("r7", "r3", "r12")
        SCALED("r11", "r2", "r6")
        "ldr r3, " ON_STACK(SHIFT, OUTPUT) "\n\t"
        SCALED("r12", "r2", "r7")
        "ldr r1, " ON_STACK(STEP, OUTPUT) "\n\t"
        SHIFTED("r9", "r3")
        SATURATED("r9")
        SHIFTED("r10", "r3")
        "ldr r8, " ON_STACK(LAST_PLANE, OUTPUT) "\n\t"
        "strb r9, [r0]\n\t"
        SATURATED("r10")
        SHIFTED("r11", "r3")
        "strb r10, [r0, r1]\n\t"
        SATURATED("r11")
        SHIFTED("r12", "r3")
        "strb r11, [r0, r1, lsl #1]\n\t"
        SATURATED("r12")
        "add r0, r1\n\t"
        "add lr, #8\n\t"
        "strb r12, [r0, r1, lsl #1]\n\t"
        "add r1, r1, r1, lsl #1\n\t"
        "cmp lr, r8\n\t"
        "add r0, r1\n\t"
        "str r0, " ON_STACK(OUTPUT, OUTPUT) "\n\t"
        "bls .Lrow_group\n\t"
        "sub r1, lr, r8\n\t"
        "cmp r1, #8\n\t"
        "beq .Lrow_done\n\t"
        "ldrd lr, r1, " ON_STACK(LAST_PLANE, OUTPUT) "\n\t"
        "str r1, " ON_STACK(OUTPUT, OUTPUT) "\n\t"
        "b .Lrow_group\n\t"
        ".Lrow_done:\n\t"
        "add sp, " STACK_BYTES(OUTPUT) "\n\t"
        "pop {r4-r11, pc}\n\t");
}

static void run_groups(const row_job *job, int32_t taps) {
    (taps <= 3 ? run_3 : taps <= 5 ? run_5 : run_any)(job);
}

#else

static uint32_t two_at(const int16_t *plane) {
    uint32_t two;
    __builtin_memcpy(&two, plane, 4);
    return two;
}

/* TFLM's two roundings: the product's, and by the shift, where halves of negative numbers go
 * down. */
static int8_t output_of(const row_job *job, int32_t sum) {
    const int32_t offset = job->offset - (sum < 0);
    const int32_t high = mz_high_product_rounded(sum, job->multiplier, offset);
    return (int8_t)mz_saturated(high >> job->shift);
}

static void run_groups(const row_job *job, int32_t taps) {
    const int16_t *plane = job->plane;
    int8_t *output = job->output;
    (void)taps;
    for (;;) {
        int32_t sums[GROUP] = {job->start, job->start, job->start, job->start};
        for (int32_t i = 0; i < job->words; i++) {
            for (int32_t k = 0; k < GROUP; k++) {
                const uint32_t x = two_at(plane + 2 * (i + k / 2));
                sums[k] = mz_pair_products(x, (uint32_t)job->weights[2 * i + k % 2], sums[k]);
            }
        }
        for (int32_t k = 0; k < GROUP; k++) {
            output[k * job->step] = output_of(job, sums[k]);
        }
        if (plane == job->last_plane) {
            return;
        }
        plane += GROUP;
        output += GROUP * job->step;
        if (plane > job->last_plane) {
            plane = job->last_plane;
            output = job->last_output;
        }
    }
}

#endif

/* Planes of four channels, of the columns of a tile. */
typedef struct {
    int16_t *planes;
    int32_t lane;       /* columns from plane to plane */
    int32_t first;      /* column of the image, at column 0 of the planes; may be before it */
    int32_t begin, end; /* columns of the planes that are in the image */
    int32_t columns;    /* of the planes */
} tile_planes;

static int32_t clip(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

static void fill(int16_t *plane, int32_t first, int32_t end, int32_t value) {
    for (int32_t column = first; column < end; column++) {
        plane[column] = (int16_t)value;
    }
}

static void fill_outside(const tile_planes *to, int32_t zero_point) {
    int16_t *plane = to->planes;
    for (int32_t lane = 0; lane < LANES; lane++, plane += to->lane) {
        fill(plane, 0, to->begin, zero_point);
        fill(plane, to->end, to->columns, zero_point);
    }
}

static void widen_column(const tile_planes *to, const int8_t *pixel, int32_t column) {
    int16_t *plane = to->planes + column;
    for (int32_t lane = 0; lane < LANES; lane++, plane += to->lane) {
        *plane = pixel[lane];
    }
}

/* What is inside of the image; words begin at even columns. input: its first pixel's channel. */
static __attribute__((noinline)) void widen(const tile_planes *to, const int8_t *input,
                                            int32_t channels) {
    const int32_t even = to->begin + (to->begin & 1), pairs = (to->end - even) / 2;
    const int8_t *pixel = input + (to->first + even) * channels;
    if (even != to->begin) {
        widen_column(to, pixel - channels, to->begin);
    }
    int32_t *lane_0 = (int32_t *)(void *)(to->planes + even);
    const int32_t words = to->lane / 2;
    int32_t *lane_2 = lane_0 + 2 * words;
    for (int32_t i = pairs; i > 0; i--, lane_0++, lane_2++, pixel += 2 * channels) {
        const uint32_t a = mz_word_load(pixel), b = mz_word_load(pixel + channels);
        const uint32_t low = mz_pair_firsts(a, b), high = mz_pair_seconds(a, b);
        lane_0[0] = (int32_t)mz_pair_even(low);
        lane_0[words] = (int32_t)mz_pair_odd(low);
        lane_2[0] = (int32_t)mz_pair_even(high);
        lane_2[words] = (int32_t)mz_pair_odd(high);
    }
    if (even + 2 * pairs < to->end) {
        widen_column(to, pixel, to->end - 1);
    }
}

/* A channel's weights as the products want them; what is behind them stays. */
static __attribute__((noinline)) void unpack_weights(const int8_t *weights, const int8_t *end,
                                                     int32_t *to) {
    uint32_t last = 0;
    for (; end - weights > 1; weights += 2, to += 2) {
        const uint32_t first = (uint32_t)(2 * weights[0]), second = (uint32_t)(2 * weights[1]);
        to[0] = (int32_t)mz_pair_firsts(first, second);
        to[1] = (int32_t)mz_pair_firsts(last, first);
        last = second;
    }
    const uint32_t first = end != weights ? (uint32_t)(2 * *weights) : 0;
    to[0] = (int32_t)mz_pair_firsts(first, 0);
    to[1] = (int32_t)mz_pair_firsts(last, first);
}

/* Of a channel of the layer: what follows `channel`. */
static __attribute__((noinline)) void run_channel(const mz_depthwise_row_s8_dsp_params *params,
                                                  row_job *job, int32_t channel) {
    const int32_t taps = params->taps;
    const int32_t shift = params->shifts[channel];
    const int8_t *const weights = params->weights + channel * taps;
    job->start = params->bias[channel] * 2;
    job->multiplier = params->multipliers[channel];
    job->shift = shift;
    job->offset = ((2 * params->zero_point + 1) * (1 << shift)) >> 1;
    unpack_weights(weights, weights + taps, (int32_t *)job->weights);
    run_groups(job, taps);
}

/* All channels of a tile of `columns` outputs. output: its first pixel. */
static void run_tile(const mz_depthwise_row_s8_dsp_params *params, const tile_planes *at,
                     int32_t columns, const int8_t *input, int8_t *output, int32_t *weights) {
    const int32_t channels = params->channels, to_last = (columns - GROUP) * channels;
    row_job job = {
        .weights = weights,
        .words = 2 * (params->taps / 4 + 1),
        .step = channels,
    };
    for (int32_t block = 0; block < channels; block += LANES) {
        /* The last block steps back and computes some channels again. */
        const int32_t channel = block + LANES <= channels ? block : channels - LANES;
        widen(at, input + channel, channels);
        job.plane = at->planes;
        job.last_plane = at->planes + (columns - GROUP);
        job.output = output + channel;
        job.last_output = job.output + to_last;
        for (int32_t i = 0; i < LANES; i++) {
            run_channel(params, &job, channel + i);
            job.plane += at->lane;
            job.last_plane += at->lane;
            job.output++;
            job.last_output++;
        }
    }
}

void mz_depthwise_row_s8_dsp(const mz_depthwise_row_s8_dsp_params *params, const int8_t *input,
                             int8_t *output, int8_t *scratch) {
    const int32_t taps = params->taps, lane_words = MZ_ROW_PLANE_WORDS(params->tile, taps);
    int32_t *const weights = (int32_t *)(void *)scratch;
    tile_planes at = {
        .planes = (int16_t *)(void *)(weights + MZ_ROW_WEIGHT_WORDS(taps)),
        .lane = 2 * lane_words,
    };
    for (int32_t i = 0; i < MZ_ROW_WEIGHT_WORDS(taps); i++) {
        weights[i] = 0;
    }
    for (int32_t x = 0; x < params->output_width; x += params->tile) {
        const int32_t left = params->output_width - x;
        const int32_t columns = left < params->tile ? left : params->tile;
        at.columns = columns + taps - 1;
        at.first = x - params->pad_left;
        at.begin = clip(-at.first, 0, at.columns);
        at.end = clip(params->input_width - at.first, at.begin, at.columns);
        fill_outside(&at, params->input_zero_point);
        run_tile(params, &at, columns, input, output + x * params->channels, weights);
    }
    mz_clamp_outputs(output, params->output_width * params->channels, params->minimum,
                     params->maximum);
}
