/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_planes.h"

#include "kernels/mz_depthwise_3x3_s8_dsp.h"
#include "kernels/mz_line.h"

static int32_t byte_of(int32_t word, int32_t place) {
    return (int8_t)((uint32_t)word >> 8 * place & 0xFFu);
}

/* One output: the window's first value is at `at`. Sums are modulo 2^32, like a register. */
static int8_t convolve_one(const int16_t *at, const int32_t *channel) {
    static const int8_t word[9] = {2, 2, 3, 2, 2, 3, 3, 3, 4};
    static const int8_t place[9] = {0, 2, 1, 1, 3, 3, 0, 2, 0};
    const int32_t shift = byte_of(channel[4], 1) ? MZ_LINE_SMALL_SHIFT : MZ_LINE_SHIFT;
    uint32_t total = (uint32_t)channel[0];
    for (int32_t tap = 0; tap < 9; tap++) {
        const int32_t weight = 256 * byte_of(channel[word[tap]], place[tap]);
        total += (uint32_t)(weight * at[tap / 3 * MZ_PLANE_ROW + tap % 3]);
    }
    return mz_line_output(total, channel[1], (channel[4] >> 16) + MZ_LINE_ROUND(shift), shift);
}

/* Columns first..job->columns - 1 of all rows, one by one. */
static void convolve_slowly(const mz_planes_job *job, int32_t first) {
    for (int32_t channel = 0; channel < job->count; channel++) {
        int8_t *to = job->output + channel;
        for (int32_t row = 0; row < job->rows; row++) {
            const int16_t *const at = job->planes + (row * job->stride - 1) * MZ_PLANE_ROW +
                                      channel * job->plane_bytes / 2 +
                                      MZ_PLANES_LEAD(job->stride);
            for (int32_t column = first; column < job->columns; column++) {
                to[column * job->output_step] =
                    convolve_one(at + column * job->stride,
                                 job->channels + channel * MZ_DEPTHWISE_WORDS);
            }
            to += job->row_bytes;
        }
    }
}

mz_planes_job mz_planes_prepare(int32_t stride, int32_t columns, int32_t rows,
                                int32_t plane_columns, int32_t output_step, int32_t row_bytes) {
    const int32_t groups = columns / MZ_GROUP;
    const int32_t row_step = 2 * MZ_PLANE_ROW * stride;
    const int32_t group_bytes = 2 * MZ_GROUP * stride * groups;
    const mz_planes_job job = {
        .input_skip = row_step - group_bytes,
        .output_skip = row_bytes - groups * MZ_GROUP * output_step,
        .group_bytes = group_bytes,
        .end_bytes = rows * row_step + group_bytes,
        .output_step = output_step,
        .plane_bytes = 2 * plane_columns,
        .columns = columns,
        .rows = rows,
        .row_bytes = row_bytes,
        .stride = stride,
    };
    return job;
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)

_Static_assert(MZ_PLANE_COLUMNS == 68 && MZ_PLANE_ROW == 272 && MZ_PLANES == 4 && MZ_GROUP == 4 &&
                   MZ_DEPTHWISE_WORDS == 5 && MZ_LINE_SHIFT == 14 &&
                   MZ_LINE_ROUND(14) == -0x1FE000 && MZ_LINE_SMALL_SHIFT == 7 &&
                   MZ_LINE_ROUND(7) == -0x3FC0,
               "the assembly below counts on these");

/* r0 pixels, r1 planes, r2 and r3 once and three times the step from pixel to pixel. On the stack:
 * 0 rows left, 4 groups, 8 and 12 the ways from behind a row's groups to the next row. */
__attribute__((naked)) void mz_planes_widen(
    const int8_t *pixels __attribute__((unused)), int16_t *planes __attribute__((unused)),
    int32_t rows __attribute__((unused)), int32_t groups __attribute__((unused)),
    int32_t channels __attribute__((unused)), int32_t row_bytes __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldrd r4, r5, [sp, #36]\n\t"     /* channels, row bytes */
        "mul r6, r3, r4\n\t"
        "sub r5, r5, r6, lsl #2\n\t"     /* from behind the groups to the next row */
        "lsl r6, r3, #3\n\t"
        "rsb r6, r6, #544\n\t"
        "push {r2, r3, r5, r6}\n\t"      /* rows, groups, and both ways to the next row */
        "mov r2, r4\n\t"
        "add r3, r2, r2, lsl #1\n\t"
        "ldr r5, [sp, #4]\n\t"
        "1:\n\t"
        "add lr, r1, r5, lsl #3\n\t"
        "2:\n\t"
        "ldr r4, [r0]\n\t"
        "ldr r5, [r0, r2]\n\t"
        "ldr r6, [r0, r2, lsl #1]\n\t"
        "ldr r7, [r0, r3]\n\t"
        "add r0, r0, r2, lsl #2\n\t"
        "pkhbt r8, r4, r5, lsl #16\n\t"
        "pkhbt r9, r6, r7, lsl #16\n\t"
        "sxtb16 r10, r8\n\t"
        "sxtb16 r11, r9\n\t"
        "strd r10, r11, [r1], #8\n\t"
        "sxtb16 r8, r8, ror #8\n\t"
        "sxtb16 r9, r9, ror #8\n\t"
        "strd r8, r9, [r1, #128]\n\t"
        "pkhtb r4, r5, r4, asr #16\n\t"
        "pkhtb r6, r7, r6, asr #16\n\t"
        "sxtb16 r10, r4\n\t"
        "sxtb16 r11, r6\n\t"
        "strd r10, r11, [r1, #264]\n\t"
        "sxtb16 r4, r4, ror #8\n\t"
        "sxtb16 r6, r6, ror #8\n\t"
        "strd r4, r6, [r1, #400]\n\t"
        "cmp r1, lr\n\t"
        "bne 2b\n\t"
        "ldm sp, {r4-r7}\n\t"
        "add r0, r6\n\t"
        "add r1, r7\n\t"
        "subs r4, #1\n\t"
        "str r4, [sp]\n\t"
        "bne 1b\n\t"
        "add sp, #16\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* On the stack: 0 multiplier, 4 round, 8 step, 12 end of the row, 16 start, 20 end of a row behind
 * the last, 24 input skip, 28 output skip, 32 group bytes, 36 end bytes, 40 planes, 44 output,
 * 48 channels, 52 channels left, 56 bytes from plane to plane.
 *
 * r0 planes, r1 output, r2 and r3 activations, r10, r11, r12, lr sums. Weights times 256 (bottom,
 * top): r4 (w0, w1), r5 (w1, w2), r6 (w3, w4), r7 (w4, w5), r8 (w6, w7), r9 (w7, w8); at stride 2
 * r5 is (w2, w5), r7 is (w8, ..) and r9 the start. */
#define OPEN \
    "push {r4-r11, lr}\n\t" \
    "ldm r0, {r1-r10}\n\t" \
    "sub sp, #60\n\t" \
    "str r8, [sp, #8]\n\t" \
    "add r11, sp, #24\n\t" \
    "stm r11, {r1-r7, r9, r10}\n\t"

/* The next channel's numbers, planes and output. Flag Z is clear for the small shift. */
#define CHANNEL \
    "ldr r12, [sp, #48]\n\t" \
    "ldm r12!, {r2-r6}\n\t" \
    "str r12, [sp, #48]\n\t" \
    "str r3, [sp]\n\t" \
    "tst r6, #0x100\n\t" \
    "asr r10, r6, #16\n\t" \
    "ite eq\n\t" \
    "subeq r10, r10, #0x1FE000\n\t" \
    "subne r10, r10, #0x3FC0\n\t" \
    "str r10, [sp, #4]\n\t" \
    "mov r3, #0xFF00FF00\n\t" \
    "lsl r10, r6, #8\n\t" \
    "and r6, r3, r4\n\t" \
    "and r4, r3, r4, lsl #8\n\t" \
    "and r8, r3, r5, lsl #8\n\t" \
    "and r5, r3, r5\n\t" \
    "ldrd r0, r1, [sp, #40]\n\t" \
    "ldr r11, [sp, #56]\n\t" \
    "add r11, r0\n\t" \
    "add r12, r1, #1\n\t" \
    "strd r11, r12, [sp, #40]\n\t" \
    "ldrd r11, r12, [sp, #32]\n\t" \
    "add r11, r0\n\t" \
    "add r12, r0\n\t" \
    "str r11, [sp, #12]\n\t"

#define OUTPUTS(shift) \
    "ldrd r2, r3, [sp]\n\t" \
    "smmla r10, r10, r2, r3\n\t" \
    "smmla r11, r11, r2, r3\n\t" \
    "smmla r12, r12, r2, r3\n\t" \
    "smmla lr, lr, r2, r3\n\t" \
    "ldrd r2, r3, [sp, #8]\n\t" \
    "ssat r10, #8, r10, asr #" shift "\n\t" \
    "ssat r11, #8, r11, asr #" shift "\n\t" \
    "ssat r12, #8, r12, asr #" shift "\n\t" \
    "ssat lr, #8, lr, asr #" shift "\n\t" \
    "strb r10, [r1]\n\t" \
    "strb r11, [r1, r2]\n\t" \
    "add r1, r1, r2, lsl #1\n\t" \
    "strb r12, [r1]\n\t" \
    "strb lr, [r1, r2]\n\t" \
    "add r1, r1, r2, lsl #1\n\t"

/* All rows of a channel, and what follows the last one. step: bytes from row to row of the planes. */
#define ROWS(group, shift, step, label) \
    label ":\n\t" \
    group \
    OUTPUTS(shift) \
    "cmp r0, r3\n\t" \
    "bne " label "b\n\t" \
    "ldrd r10, r11, [sp, #24]\n\t" \
    "ldr r12, [sp, #20]\n\t" \
    "add r3, #" step "\n\t" \
    "add r0, r10\n\t" \
    "add r1, r11\n\t" \
    "str r3, [sp, #12]\n\t" \
    "cmp r3, r12\n\t" \
    "bne " label "b\n\t" \
    "ldr r10, [sp, #52]\n\t" \
    "subs r10, #1\n\t" \
    "str r10, [sp, #52]\n\t" \
    "bne 1b\n\t" \
    "add sp, #60\n\t" \
    "pop {r4-r11, pc}\n\t"

/* Windows begin at odd columns: (.., x0) (x1, x2) (x3, x4) (x5, ..) for four outputs. */
#define FOUR_AT_STRIDE_1 \
    "ldr lr, [sp, #16]\n\t" \
    "ldrd r2, r3, [r0, #-544]\n\t" \
    "smlatb r10, r2, r4, lr\n\t" \
    "smlad r10, r3, r5, r10\n\t" \
    "smlad r11, r3, r4, lr\n\t" \
    "smlatb r12, r3, r4, lr\n\t" \
    "ldrd r2, r3, [r0, #-536]\n\t" \
    "smlabt r11, r2, r5, r11\n\t" \
    "smlad r12, r2, r5, r12\n\t" \
    "smlad lr, r2, r4, lr\n\t" \
    "smlabt lr, r3, r5, lr\n\t" \
    "ldrd r2, r3, [r0], #8\n\t" \
    "smlatb r10, r2, r6, r10\n\t" \
    "smlad r10, r3, r7, r10\n\t" \
    "smlad r11, r3, r6, r11\n\t" \
    "smlatb r12, r3, r6, r12\n\t" \
    "ldrd r2, r3, [r0]\n\t" \
    "smlabt r11, r2, r7, r11\n\t" \
    "smlad r12, r2, r7, r12\n\t" \
    "smlad lr, r2, r6, lr\n\t" \
    "smlabt lr, r3, r7, lr\n\t" \
    "ldrd r2, r3, [r0, #536]\n\t" \
    "smlatb r10, r2, r8, r10\n\t" \
    "smlad r10, r3, r9, r10\n\t" \
    "smlad r11, r3, r8, r11\n\t" \
    "smlatb r12, r3, r8, r12\n\t" \
    "ldrd r2, r3, [r0, #544]\n\t" \
    "smlabt r11, r2, r9, r11\n\t" \
    "smlad r12, r2, r9, r12\n\t" \
    "smlad lr, r2, r8, lr\n\t" \
    "smlabt lr, r3, r9, lr\n\t"

#define FOUR_AT_STRIDE_2 \
    "ldrd r2, r3, [r0, #-544]\n\t" \
    "smlad r10, r2, r4, r9\n\t" \
    "smlabb r10, r3, r5, r10\n\t" \
    "smlad r11, r3, r4, r9\n\t" \
    "ldrd r2, r3, [r0, #-536]\n\t" \
    "smlabb r11, r2, r5, r11\n\t" \
    "smlad r12, r2, r4, r9\n\t" \
    "smlabb r12, r3, r5, r12\n\t" \
    "smlad lr, r3, r4, r9\n\t" \
    "ldrd r2, r3, [r0, #-528]\n\t" \
    "smlabb lr, r2, r5, lr\n\t" \
    "ldrd r2, r3, [r0], #16\n\t" \
    "smlad r10, r2, r6, r10\n\t" \
    "smlabt r10, r3, r5, r10\n\t" \
    "smlad r11, r3, r6, r11\n\t" \
    "ldrd r2, r3, [r0, #-8]\n\t" \
    "smlabt r11, r2, r5, r11\n\t" \
    "smlad r12, r2, r6, r12\n\t" \
    "smlabt r12, r3, r5, r12\n\t" \
    "smlad lr, r3, r6, lr\n\t" \
    "ldr r2, [r0]\n\t" \
    "smlabt lr, r2, r5, lr\n\t" \
    "ldrd r2, r3, [r0, #528]\n\t" \
    "smlad r10, r2, r8, r10\n\t" \
    "smlabb r10, r3, r7, r10\n\t" \
    "smlad r11, r3, r8, r11\n\t" \
    "ldrd r2, r3, [r0, #536]\n\t" \
    "smlabb r11, r2, r7, r11\n\t" \
    "smlad r12, r2, r8, r12\n\t" \
    "smlabb r12, r3, r7, r12\n\t" \
    "smlad lr, r3, r8, lr\n\t" \
    "ldr r2, [r0, #544]\n\t" \
    "smlabb lr, r2, r7, lr\n\t"

__attribute__((naked)) static void run_stride_1(const mz_planes_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN
        "1:\n\t"
        CHANNEL
        "strd r2, r12, [sp, #16]\n\t"
        "pkhtb r7, r5, r6, asr #16\n\t"
        "asr r2, r4, #16\n\t"
        "pkhbt r5, r2, r5, lsl #16\n\t"
        "asr r2, r8, #16\n\t"
        "pkhbt r9, r2, r10, lsl #16\n\t"
        "bne 3f\n\t"
        ROWS(FOUR_AT_STRIDE_1, "14", "544", "2")
        ROWS(FOUR_AT_STRIDE_1, "7", "544", "3"));
}

__attribute__((naked)) static void run_stride_2(const mz_planes_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN
        "1:\n\t"
        CHANNEL
        "str r12, [sp, #20]\n\t"
        "mov r9, r2\n\t"
        "mov r7, r10\n\t"
        "bne 3f\n\t"
        ROWS(FOUR_AT_STRIDE_2, "14", "1088", "2")
        ROWS(FOUR_AT_STRIDE_2, "7", "1088", "3"));
}

void mz_planes_convolve(const mz_planes_job *job) {
    if (job->columns >= MZ_GROUP) {
        (job->stride == 1 ? run_stride_1 : run_stride_2)(job);
    }
    if (job->columns % MZ_GROUP != 0) {
        convolve_slowly(job, job->columns / MZ_GROUP * MZ_GROUP);
    }
}

#else

void mz_planes_widen(const int8_t *pixels, int16_t *planes, int32_t rows, int32_t groups,
                     int32_t channels, int32_t row_bytes) {
    for (int32_t row = 0; row < rows; row++) {
        const int8_t *pixel = pixels + row * row_bytes;
        for (int32_t column = 0; column < groups * MZ_GROUP; column++, pixel += channels) {
            for (int32_t channel = 0; channel < MZ_PLANES; channel++) {
                planes[channel * MZ_PLANE_COLUMNS + column] = pixel[channel];
            }
        }
        planes += MZ_PLANE_ROW;
    }
}

void mz_planes_convolve(const mz_planes_job *job) {
    convolve_slowly(job, 0);
}

#endif
