/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_pixel_s8_dsp.h"

#include <stdbool.h>

#include "kernels/mz_assembly.h"
#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

/* Channels that are computed together. */
#define LANES 4

/* All whole fours of channels of a pixel. The assembly copies it to its stack as it is. */
typedef struct {
    const int32_t *packed;
    int8_t *output;
    int8_t *end;          /* of the output's whole fours */
    intptr_t from_output; /* bytes from there to the same channel of what offsets count from */
    const intptr_t *tap;  /* offsets of the pixels under the window */
    int32_t pairs;        /* of taps, at least one */
    int32_t odd;          /* 1 if one more tap follows */
    int32_t half;         /* twice the output's zero point, and 1 */
} pixel_job;

/* By TFLM's two roundings: the product's, and by the shift, where halves of negative numbers go
 * down. */
static int8_t output_of(int32_t sum, int32_t multiplier, int32_t shift, int32_t half) {
    const int32_t offset = half * (1 << shift) - (sum < 0);
    const int32_t twice = (int32_t)(2 * (uint32_t)sum);
    const int32_t high = mz_high_product_rounded(twice, multiplier, offset);
    return (int8_t)mz_saturated(high >> shift >> 1);
}

#if MZ_ASSEMBLY

#include <stddef.h>

#define JOB_PACKED 0
#define JOB_OUTPUT 4
#define JOB_END 8
#define JOB_FROM_OUTPUT 12
#define JOB_TAP 16
#define JOB_PAIRS 20
#define JOB_ODD 24
#define JOB_HALF 28
#define JOB_BYTES 32

#define ON_STACK(name) MZ_AT("sp", JOB_##name)

#define IS_AT(field, name) (offsetof(pixel_job, field) == JOB_##name)
_Static_assert(IS_AT(packed, PACKED) && IS_AT(output, OUTPUT) && IS_AT(end, END) &&
                   IS_AT(from_output, FROM_OUTPUT) && IS_AT(tap, TAP) && IS_AT(pairs, PAIRS) &&
                   IS_AT(odd, ODD) && IS_AT(half, HALF) && sizeof(pixel_job) == JOB_BYTES,
               "the assembly below counts on it");

/* From a sum to an output, but for the saturation. half: r2; offset: lr. */
#define OFFSET(sum, shift) \
    "lsl lr, r2, " shift "\n\t" \
    "add lr, lr, " sum ", asr #31\n\t" \
    "lsl " sum ", " sum ", #1\n\t"
#define SCALED(sum, multiplier) "smmlar " sum ", " sum ", " multiplier ", lr\n\t"
#define SHIFTED(sum, shift) "asr " sum ", " shift "\n\t"
#define SATURATED(sum) "ssat " sum ", #8, " sum ", asr #1\n\t"

/* Returns what is behind the words of all fours.
 *
 *   r0       what offsets count from        r4..r7   sums of four channels
 *   r1       reads the stream               r8 r9    activations of two taps
 *   r2       reads offsets                  r10 r11  weights
 *   r3       pairs of taps that are left    r12 lr   activations of channels 0, 1 and of 2, 3
 *
 * What a word holds is taken apart by instructions that are issued alone or before another, so each
 * stands before a load or a product. Two taps are loaded while the two before are multiplied, and
 * two too many at the end. */
__attribute__((naked)) static const int32_t *
run_fours(const pixel_job *job __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "sub sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t"
        "ldm r0, {r1-r8}\n\t"
        "stm sp, {r1-r8}\n\t"
        "mov r12, r2\n\t"

        ".Lpixel_four:\n\t"
        "ldr r2, " ON_STACK(TAP) "\n\t"
        "ldr r0, " ON_STACK(FROM_OUTPUT) "\n\t"
        "ldr r3, " ON_STACK(PAIRS) "\n\t"
        "ldr r8, [r2], #4\n\t"
        "add r0, r12\n\t"
        "ldr r9, [r2], #4\n\t"
        "ldm r1!, {r4-r7}\n\t"
        "ldr r8, [r0, r8]\n\t"
        "ldr r10, [r1], #4\n\t"
        "ldr r9, [r0, r9]\n\t"
        ".Lpixel_taps:\n\t"
        "pkhbt r12, r8, r9, lsl #16\n\t"
        "subs r3, #1\n\t"
        "pkhtb lr, r9, r8, asr #16\n\t"
        "ldr r8, [r2], #4\n\t"
        "sxtb16 r9, r12, ror #8\n\t"
        "sxtb16 r11, r10, ror #8\n\t"
        "sxtb16 r12, r12\n\t"
        "smlad r5, r9, r11, r5\n\t"
        "sxtb16 r10, r10\n\t"
        "ldr r11, [r1], #4\n\t"
        "sxtb16 r9, lr, ror #8\n\t"
        "smlad r4, r12, r10, r4\n\t"
        "sxtb16 r10, r11, ror #8\n\t"
        "ldr r12, [r2], #4\n\t"
        "sxtb16 lr, lr\n\t"
        "smlad r7, r9, r10, r7\n\t"
        "sxtb16 r11, r11\n\t"
        "ldr r8, [r0, r8]\n\t"
        "smlad r6, lr, r11, r6\n\t"
        "ldr r9, [r0, r12]\n\t"
        "ldr r10, [r1], #4\n\t"
        "bne .Lpixel_taps\n\t"

        "ldr r3, " ON_STACK(ODD) "\n\t"
        "ldr r2, " ON_STACK(HALF) "\n\t"
        "sub r1, #4\n\t"
        "cbz r3, .Lpixel_outputs\n\t"
        "add r1, #4\n\t"
        "sxtb16 r9, r8\n\t"
        "sxtb16 r11, r10\n\t"
        "sxtb16 r8, r8, ror #8\n\t"
        "smlabb r4, r9, r11, r4\n\t"
        "sxtb16 r10, r10, ror #8\n\t"
        "smlatt r6, r9, r11, r6\n\t"
        "smlabb r5, r8, r10, r5\n\t"
        "smlatt r7, r8, r10, r7\n\t"

        /* r8..r11: multipliers; r3: shifts, less 1, which go to r12, r0, r8 and r9. */
        ".Lpixel_outputs:\n\t"
        "ldm r1!, {r8-r11}\n\t"
        "ldr r3, [r1], #4\n\t"
        "uxtb r12, r3\n\t"
        "uxtb r0, r3, ror #8\n\t"
        OFFSET("r4", "r12")
        SCALED("r4", "r8")
        OFFSET("r5", "r0")
        SCALED("r5", "r9")
        "uxtb r8, r3, ror #16\n\t"
        "uxtb r9, r3, ror #24\n\t"
        OFFSET("r6", "r8")
        SHIFTED("r4", "r12")
        SCALED("r6", "r10")
        OFFSET("r7", "r9")
        "ldr r12, " ON_STACK(OUTPUT) "\n\t"
        SHIFTED("r5", "r0")
        SCALED("r7", "r11")
        SATURATED("r4")
        "ldr r3, " ON_STACK(END) "\n\t"
        SATURATED("r5")
        "strb r4, [r12]\n\t"
        SHIFTED("r6", "r8")
        "strb r5, [r12, #1]\n\t"
        SHIFTED("r7", "r9")
        SATURATED("r6")
        "strb r6, [r12, #2]\n\t"
        SATURATED("r7")
        "strb r7, [r12, #3]\n\t"
        "add r12, #4\n\t"
        "cmp r12, r3\n\t"
        "str r12, " ON_STACK(OUTPUT) "\n\t"
        "bne .Lpixel_four\n\t"
        "mov r0, r1\n\t"
        "add sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t"
        "pop {r4-r11, pc}\n\t");
}

#else

static uint32_t four_at(const int8_t *from, intptr_t offset) {
    return mz_word_load((const int8_t *)((uintptr_t)from + (uintptr_t)offset));
}

static const int32_t *run_fours(const pixel_job *job) {
    const int32_t *packed = job->packed;
    for (int8_t *to = job->output; to != job->end; to += LANES) {
        const int8_t *const from = (const int8_t *)((uintptr_t)to + (uintptr_t)job->from_output);
        const intptr_t *tap = job->tap;
        int32_t sums[LANES] = {packed[0], packed[1], packed[2], packed[3]};
        packed += LANES;
        for (int32_t i = 0; i < job->pairs; i++, tap += 2) {
            const uint32_t x = four_at(from, tap[0]), y = four_at(from, tap[1]);
            const uint32_t pairs[] = {mz_pair_firsts(x, y), mz_pair_seconds(x, y)};
            for (int32_t lane = 0; lane < LANES; lane += 2) {
                const uint32_t pair = pairs[lane / 2], w = (uint32_t)*packed++;
                sums[lane] = mz_pair_products(mz_pair_even(pair), mz_pair_even(w), sums[lane]);
                sums[lane + 1] =
                    mz_pair_products(mz_pair_odd(pair), mz_pair_odd(w), sums[lane + 1]);
            }
        }
        if (job->odd) {
            const uint32_t x = four_at(from, *tap), w = (uint32_t)*packed++;
            for (int32_t lane = 0; lane < LANES; lane++) {
                sums[lane] += (int8_t)(x >> 8 * lane & 0xFFu) * (int8_t)(w >> 8 * lane & 0xFFu);
            }
        }
        for (int32_t lane = 0; lane < LANES; lane++) {
            const int32_t shift = (int32_t)((uint32_t)packed[LANES] >> 8 * lane & 0xFFu);
            to[lane] = output_of(sums[lane], packed[lane], shift, job->half);
        }
        packed += LANES + 1;
    }
    return packed;
}

#endif

/* The channels behind whole fours, one by one. */
static void run_others(const pixel_job *job, const int32_t *packed, int32_t count) {
    const int8_t *const shifts = (const int8_t *)(packed + 2 * count);
    const int8_t *w = shifts + count;
    int8_t *to = job->end;
    for (int32_t i = 0; i < count; i++, packed += 2, to++) {
        const uintptr_t from = (uintptr_t)to + (uintptr_t)job->from_output;
        int32_t sum = packed[0];
        for (int32_t t = 0; t < 2 * job->pairs + job->odd; t++) {
            sum += *(const int8_t *)(from + (uintptr_t)job->tap[t]) * *w++;
        }
        *to = output_of(sum, packed[1], shifts[i], job->half);
    }
}

static bool is_inside(int32_t at, int32_t size) {
    return (uint32_t)at < (uint32_t)size;
}

/* Offsets of the pixels under a window whose upper left tap is at row `top` and column `left` of
 * the image, from that tap on. outside: of what taps read that are not in the image. */
static void find_taps(const mz_depthwise_pixel_s8_dsp_params *params, int32_t top, int32_t left,
                      intptr_t outside, intptr_t *tap) {
    const mz_window window = params->window;
    const int32_t width = params->input.width, step = window.dilation_w * params->input.channels;
    int32_t line = 0;
    for (int32_t y = window.height; y > 0; y--, top += window.dilation_h) {
        const int32_t columns = is_inside(top, params->input.height) ? width : 0;
        int32_t column = left, offset = line;
        for (int32_t x = window.width; x > 0; x--, column += window.dilation_w, offset += step) {
            *tap++ = is_inside(column, columns) ? offset : outside;
        }
        line += window.dilation_h * width * params->input.channels;
    }
    /* For what is loaded too many. */
    for (int32_t i = 0; i < MZ_PIXEL_TAPS_BEHIND; i++, tap++) {
        tap[0] = tap[-1];
    }
}

static bool is_whole(int32_t origin, int32_t taps, int32_t dilation, int32_t image) {
    return origin >= 0 && origin + (taps - 1) * dilation < image;
}

void mz_depthwise_pixel_s8_dsp(const mz_depthwise_pixel_s8_dsp_params *params,
                               const int8_t *input, int8_t *output, int8_t *scratch) {
    const mz_window window = params->window;
    const mz_extent image = params->input, out = params->output;
    const int32_t taps = window.height * window.width, channels = out.channels;
    const int32_t others = channels % LANES;
    intptr_t *const tap = (intptr_t *)(void *)scratch;
    int8_t *const outside = (int8_t *)(tap + taps + MZ_PIXEL_TAPS_BEHIND);
    pixel_job job = {
        .packed = params->packed,
        .output = output,
        .tap = tap,
        .pairs = taps / 2,
        .odd = taps % 2,
        .half = 2 * params->zero_point + 1,
    };
    bool known = false;  /* the taps of a window that is all inside */
    bool filled = false; /* what is outside */
    for (int32_t y = 0; y < out.height; y++) {
        const int32_t top = y * window.stride_h - window.pad_top;
        const bool rows = is_whole(top, window.height, window.dilation_h, image.height);
        for (int32_t x = 0; x < out.width; x++) {
            const int32_t left = x * window.stride_w - window.pad_left;
            const bool whole =
                rows && is_whole(left, window.width, window.dilation_w, image.width);
            const uintptr_t origin =
                (uintptr_t)input + (uintptr_t)(intptr_t)((top * image.width + left) * channels);
            if (!whole && !filled) {
                for (int32_t i = 0; i < channels; i++) {
                    outside[i] = (int8_t)params->input_zero_point;
                }
            }
            if (!whole || !known) {
                find_taps(params, top, left, (intptr_t)((uintptr_t)outside - origin), tap);
            }
            filled |= !whole;
            known = whole;
            job.from_output = (intptr_t)(origin - (uintptr_t)job.output);
            job.end = job.output + (channels - others);
            run_others(&job, run_fours(&job), others);
            job.output += channels;
        }
    }
    mz_clamp_outputs(output, out.height * out.width * channels, params->minimum, params->maximum);
}
