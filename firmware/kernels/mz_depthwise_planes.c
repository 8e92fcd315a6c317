/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_planes.h"

#include "kernels/mz_assembly.h"
#include "kernels/mz_depthwise_3x3_s8_dsp.h"
#include "kernels/mz_requantization.h"

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

#if MZ_ASSEMBLY

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a row of planes, of one channel in a row that mz_planes_widen makes, and of a group. */
#define ROW_BYTES 544
#define PLANE_BYTES 136
#define GROUP_BYTES 8

_Static_assert(ROW_BYTES == 2 * MZ_PLANE_ROW && PLANE_BYTES == 2 * MZ_PLANE_COLUMNS &&
                   GROUP_BYTES == 2 * MZ_GROUP && MZ_PLANES == 4 && MZ_GROUP == 4 &&
                   MZ_DEPTHWISE_WORDS == 5,
               "the assembly below counts on these");

/* On the stack, bytes from sp:
 *
 *   0    WIDEN_ROWS         rows that are left
 *   4    WIDEN_GROUPS       in a row
 *   8    WIDEN_PIXELS_SKIP  bytes from behind a row's groups to the next row, of the pixels
 *   12   WIDEN_PLANES_SKIP  and of the planes */
#define WIDEN_ROWS 0
#define WIDEN_GROUPS 4
#define WIDEN_PIXELS_SKIP 8
#define WIDEN_PLANES_SKIP 12
#define WIDEN_BYTES 16
/* Before these are there: the arguments that do not fit into registers, channels and row_bytes,
 * behind the nine registers that are pushed. */
#define WIDEN_CHANNELS_ARGUMENT 36

/* Registers:
 *
 *   r0      reads pixels                 r4..r7    four channels of four pixels
 *   r1      writes planes                r8..r11   the same, by channel
 *   r2 r3   once and three times the     lr        where the row's groups end in the first plane
 *           step from pixel to pixel */
__attribute__((naked)) void mz_planes_widen(
    const int8_t *pixels __attribute__((unused)), int16_t *planes __attribute__((unused)),
    int32_t rows __attribute__((unused)), int32_t groups __attribute__((unused)),
    int32_t channels __attribute__((unused)), int32_t row_bytes __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldrd r4, r5, " MZ_AT("sp", WIDEN_CHANNELS_ARGUMENT) "\n\t"
        "mul r6, r3, r4\n\t"
        "sub r5, r5, r6, lsl #2\n\t"
        "lsl r6, r3, #3\n\t"
        "rsb r6, r6, " MZ_IMMEDIATE(ROW_BYTES) "\n\t"
        "push {r2, r3, r5, r6}\n\t"
        "mov r2, r4\n\t"
        "add r3, r2, r2, lsl #1\n\t"
        "ldr r5, " MZ_AT("sp", WIDEN_GROUPS) "\n\t"
        ".Lplanes_widen_row:\n\t"
        "add lr, r1, r5, lsl #3\n\t"
        ".Lplanes_widen_group:\n\t"
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
        "strd r8, r9, " MZ_AT("r1", PLANE_BYTES - GROUP_BYTES) "\n\t"
        "pkhtb r4, r5, r4, asr #16\n\t"
        "pkhtb r6, r7, r6, asr #16\n\t"
        "sxtb16 r10, r4\n\t"
        "sxtb16 r11, r6\n\t"
        "strd r10, r11, " MZ_AT("r1", 2 * PLANE_BYTES - GROUP_BYTES) "\n\t"
        "sxtb16 r4, r4, ror #8\n\t"
        "sxtb16 r6, r6, ror #8\n\t"
        "strd r4, r6, " MZ_AT("r1", 3 * PLANE_BYTES - GROUP_BYTES) "\n\t"
        "cmp r1, lr\n\t"
        "bne .Lplanes_widen_group\n\t"
        "ldm sp, {r4-r7}\n\t"
        "add r0, r6\n\t"
        "add r1, r7\n\t"
        "subs r4, #1\n\t"
        "str r4, " MZ_AT("sp", WIDEN_ROWS) "\n\t"
        "bne .Lplanes_widen_row\n\t"
        "add sp, " MZ_IMMEDIATE(WIDEN_BYTES) "\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* On the stack while rows are computed, bytes from sp. The last nine are fields of the job, in
 * their order.
 *
 *   0    ROWS_MULTIPLIER    of the channel
 *   4    ROWS_OFFSET        its round and MZ_LINE_ROUND
 *   8    ROWS_STEP          bytes from pixel to pixel of the output
 *   12   ROWS_ROW_END       where the row's groups end
 *   16   ROWS_START         of the channel's sums
 *   20   ROWS_END           where a row behind the channel's last would end
 *   24   ROWS_INPUT_SKIP    bytes from behind a row's groups to the next row, of the planes
 *   28   ROWS_OUTPUT_SKIP   and of the output
 *   32   ROWS_GROUP_BYTES   of the planes, from a row's begin to its ROWS_ROW_END
 *   36   ROWS_END_BYTES     from the first row's begin to ROWS_END
 *   40   ROWS_PLANES        of the next channel
 *   44   ROWS_OUTPUT        of the next channel
 *   48   ROWS_CHANNELS      words of the next channel
 *   52   ROWS_COUNT         channels that are left
 *   56   ROWS_PLANE_BYTES   from channel to channel of the planes */
#define ROWS_MULTIPLIER 0
#define ROWS_OFFSET 4
#define ROWS_STEP 8
#define ROWS_ROW_END 12
#define ROWS_START 16
#define ROWS_END 20
#define ROWS_INPUT_SKIP 24
#define ROWS_OUTPUT_SKIP 28
#define ROWS_GROUP_BYTES 32
#define ROWS_END_BYTES 36
#define ROWS_PLANES 40
#define ROWS_OUTPUT 44
#define ROWS_CHANNELS 48
#define ROWS_COUNT 52
#define ROWS_PLANE_BYTES 56
#define ROWS_BYTES 60

#define ON_STACK(name) MZ_AT("sp", ROWS_##name)

/* ldm takes the job's first ten fields; output_step goes to ROWS_STEP, the others close up. */
#define IS_FIELD(field, number) (offsetof(mz_planes_job, field) == 4 * (number))
_Static_assert(IS_FIELD(input_skip, 0) && IS_FIELD(output_skip, 1) && IS_FIELD(group_bytes, 2) &&
                   IS_FIELD(end_bytes, 3) && IS_FIELD(planes, 4) && IS_FIELD(output, 5) &&
                   IS_FIELD(channels, 6) && IS_FIELD(output_step, 7) && IS_FIELD(count, 8) &&
                   IS_FIELD(plane_bytes, 9),
               "the assembly below counts on it");

/* Registers while a channel's rows are computed. A weight is a halfword, 256 times its value; a
 * pair is (bottom, top).
 *
 *               stride 1      stride 2
 *   r0          reads planes, from the window's upper row
 *   r1          writes outputs
 *   r2 r3       activations, two columns each; then what OUTPUTS and ROWS take from the stack
 *   r4          (w0, w1)      (w0, w1)
 *   r5          (w1, w2)      (w2, w5)
 *   r6          (w3, w4)      (w3, w4)
 *   r7          (w4, w5)      (w8, ..)
 *   r8          (w6, w7)      (w6, w7)
 *   r9          (w7, w8)      as r2 and r3
 *   r10..lr     the sums of four outputs: r10, r11, r12, lr, which holds where sums begin first */

#define OPEN \
    "push {r4-r11, lr}\n\t" \
    "ldm r0, {r1-r10}\n\t" \
    "sub sp, " MZ_IMMEDIATE(ROWS_BYTES) "\n\t" \
    "str r8, " ON_STACK(STEP) "\n\t" \
    "add r11, sp, " MZ_IMMEDIATE(ROWS_INPUT_SKIP) "\n\t" \
    "stm r11, {r1-r7, r9, r10}\n\t"

/* The next channel's numbers, planes and output. Flag Z is clear for the small shift. On the way
 * r2..r6 are the channel's five words and r3 is the mask of the upper bytes; afterwards
 *
 *   r0 r1  the channel's planes and output   r4   (w0, w1)
 *   r2     where sums begin                  r5   (w2, w5)
 *   r12    ROWS_END                          r6   (w3, w4)
 *   r10    (w8, ..)                          r8   (w6, w7) */
#define CHANNEL \
    "ldr r12, " ON_STACK(CHANNELS) "\n\t" \
    "ldm r12!, {r2-r6}\n\t" \
    "str r12, " ON_STACK(CHANNELS) "\n\t" \
    "str r3, " ON_STACK(MULTIPLIER) "\n\t" \
    "tst r6, #0x100\n\t" \
    "asr r10, r6, #16\n\t" \
    "ite eq\n\t" \
    "subeq r10, r10, " MZ_IMMEDIATE(-MZ_LINE_ROUND(MZ_LINE_SHIFT)) "\n\t" \
    "subne r10, r10, " MZ_IMMEDIATE(-MZ_LINE_ROUND(MZ_LINE_SMALL_SHIFT)) "\n\t" \
    "str r10, " ON_STACK(OFFSET) "\n\t" \
    "mov r3, #0xFF00FF00\n\t" \
    "lsl r10, r6, #8\n\t" \
    "and r6, r3, r4\n\t" \
    "and r4, r3, r4, lsl #8\n\t" \
    "and r8, r3, r5, lsl #8\n\t" \
    "and r5, r3, r5\n\t" \
    "ldrd r0, r1, " ON_STACK(PLANES) "\n\t" \
    "ldr r11, " ON_STACK(PLANE_BYTES) "\n\t" \
    "add r11, r0\n\t" \
    "add r12, r1, #1\n\t" \
    "strd r11, r12, " ON_STACK(PLANES) "\n\t" \
    "ldrd r11, r12, " ON_STACK(GROUP_BYTES) "\n\t" \
    "add r11, r0\n\t" \
    "add r12, r0\n\t" \
    "str r11, " ON_STACK(ROW_END) "\n\t"

/* What a group finds in registers. */
#define LOADED_AT_STRIDE_1 \
    "ldr r2, [r0]\n\t"
#define LOADED_AT_STRIDE_2 \
    "ldr r2, [r0]\n\t" \
    "ldr r3, [r0, #4]\n\t"
#define START "ldr lr, " ON_STACK(START) "\n\t"

/* Four sums to four outputs, with the multiplier in r2 and the offset in r3. Moves r0 on by the
 * group's bytes; leaves ROWS_ROW_END in row_end. What the core cannot issue together, a product, a
 * store or a saturation each, is apart. */
#define OUTPUTS(shift, bytes, row_end) \
    "add r0, " MZ_IMMEDIATE(bytes) "\n\t" \
    "smmla r10, r10, r2, r3\n\t" \
    "smmla r11, r11, r2, r3\n\t" \
    "smmla r12, r12, r2, r3\n\t" \
    "ssat r10, #8, r10, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "smmla lr, lr, r2, r3\n\t" \
    "ldr r2, " ON_STACK(STEP) "\n\t" \
    "ssat r11, #8, r11, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb r10, [r1]\n\t" \
    "ldr " row_end ", " ON_STACK(ROW_END) "\n\t" \
    "ssat r12, #8, r12, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb r11, [r1, r2]\n\t" \
    "add r1, r1, r2, lsl #1\n\t" \
    "ssat lr, #8, lr, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb r12, [r1]\n\t" \
    "strb lr, [r1, r2]\n\t" \
    "add r1, r1, r2, lsl #1\n\t"

/* All rows of a channel, and what follows the last one. group: code for four sums; loaded: for what
 * it finds in registers; bytes: of a group in the planes; step: from row to row of them; channel:
 * the label of the code for the next one; label: of this. */
#define ROWS(group, loaded, shift, bytes, step, row_end, channel, label) \
    label ":\n\t" \
    group \
    OUTPUTS(shift, bytes, row_end) \
    loaded \
    START \
    "cmp r0, " row_end "\n\t" \
    "bne " label "\n\t" \
    "ldrd r10, r11, " ON_STACK(INPUT_SKIP) "\n\t" \
    "ldr r12, " ON_STACK(END) "\n\t" \
    "add " row_end ", " MZ_IMMEDIATE(step) "\n\t" \
    "add r0, r10\n\t" \
    "add r1, r11\n\t" \
    "str " row_end ", " ON_STACK(ROW_END) "\n\t" \
    loaded \
    "cmp " row_end ", r12\n\t" \
    "bne " label "\n\t" \
    "ldr r10, " ON_STACK(COUNT) "\n\t" \
    "subs r10, #1\n\t" \
    "str r10, " ON_STACK(COUNT) "\n\t" \
    "bne " channel "\n\t" \
    "add sp, " MZ_IMMEDIATE(ROWS_BYTES) "\n\t" \
    "pop {r4-r11, pc}\n\t"

/* In the window's upper, middle and lower row. */
#define UPPER(bytes) MZ_AT("r0", bytes)
#define MIDDLE(bytes) MZ_AT("r0", bytes + ROW_BYTES)
#define LOWER(bytes) MZ_AT("r0", bytes + 2 * ROW_BYTES)

/* Each load stands beside a product, and two products before the one that needs it.
 * Windows begin at odd columns: (.., x0) (x1, x2) (x3, x4) (x5, ..) for four outputs. */
#define FOUR_AT_STRIDE_1 \
    "ldr r3, " UPPER(4) "\n\t" \
    "smlatb r10, r2, r4, lr\n\t" \
    "ldr r2, " UPPER(8) "\n\t" \
    "smlad r11, r3, r4, lr\n\t" \
    "smlad r10, r3, r5, r10\n\t" \
    "smlatb r12, r3, r4, lr\n\t" \
    "ldr r3, " UPPER(12) "\n\t" \
    "smlad lr, r2, r4, lr\n\t" \
    "smlabt r11, r2, r5, r11\n\t" \
    "smlad r12, r2, r5, r12\n\t" \
    "ldr r2, " MIDDLE(0) "\n\t" \
    "smlabt lr, r3, r5, lr\n\t" \
    "ldr r3, " MIDDLE(4) "\n\t" \
    "smlatb r10, r2, r6, r10\n\t" \
    "ldr r2, " MIDDLE(8) "\n\t" \
    "smlad r11, r3, r6, r11\n\t" \
    "smlad r10, r3, r7, r10\n\t" \
    "smlatb r12, r3, r6, r12\n\t" \
    "ldr r3, " MIDDLE(12) "\n\t" \
    "smlad lr, r2, r6, lr\n\t" \
    "smlabt r11, r2, r7, r11\n\t" \
    "smlad r12, r2, r7, r12\n\t" \
    "ldr r2, " LOWER(0) "\n\t" \
    "smlabt lr, r3, r7, lr\n\t" \
    "ldr r3, " LOWER(4) "\n\t" \
    "smlatb r10, r2, r8, r10\n\t" \
    "ldr r2, " LOWER(8) "\n\t" \
    "smlad r11, r3, r8, r11\n\t" \
    "smlad r10, r3, r9, r10\n\t" \
    "smlatb r12, r3, r8, r12\n\t" \
    "ldr r3, " LOWER(12) "\n\t" \
    "smlad lr, r2, r8, lr\n\t" \
    "smlabt r11, r2, r9, r11\n\t" \
    "smlad r12, r2, r9, r12\n\t" \
    "ldr r2, " ON_STACK(MULTIPLIER) "\n\t" \
    "smlabt lr, r3, r9, lr\n\t" \
    "ldr r3, " ON_STACK(OFFSET) "\n\t"

/* A row of windows that begin at even columns: (x0, x1) (x2, ..), the next one with (x2, x3). a, b,
 * c: the registers of x0 and x1, of x2 and x3, and of what comes next, in turns. product: of the
 * third column's weight. from: where sums begin. next_a, next_b: what the row loads for the next. */
#define ROW_AT_STRIDE_2(row, a, b, c, pair, product, single, from, next_a, next_b) \
    "ldr " c ", " row(8) "\n\t" \
    "smlad r10, " a ", " pair ", " from(10) "\n\t" \
    "ldr " a ", " row(12) "\n\t" \
    product " r10, " b ", " single ", r10\n\t" \
    "smlad r11, " b ", " pair ", " from(11) "\n\t" \
    "ldr " b ", " row(16) "\n\t" \
    product " r11, " c ", " single ", r11\n\t" \
    "smlad r12, " c ", " pair ", " from(12) "\n\t" \
    "ldr " c ", " next_a "\n\t" \
    product " r12, " a ", " single ", r12\n\t" \
    "smlad lr, " a ", " pair ", lr\n\t" \
    "ldr " a ", " next_b "\n\t" \
    product " lr, " b ", " single ", lr\n\t"

#define FROM_START(number) "lr"
#define FROM_SUM(number) "r" #number
#define FOUR_AT_STRIDE_2 \
    ROW_AT_STRIDE_2(UPPER, "r2", "r3", "r9", "r4", "smlabb", "r5", FROM_START, MIDDLE(0), MIDDLE(4)) \
    ROW_AT_STRIDE_2(MIDDLE, "r9", "r2", "r3", "r6", "smlabt", "r5", FROM_SUM, LOWER(0), LOWER(4)) \
    ROW_AT_STRIDE_2(LOWER, "r3", "r9", "r2", "r8", "smlabb", "r7", FROM_SUM, ON_STACK(MULTIPLIER), \
                    ON_STACK(OFFSET))

__attribute__((naked)) static void run_stride_1(const mz_planes_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN
        ".Lplanes_1_channel:\n\t"
        CHANNEL
        "strd r2, r12, " ON_STACK(START) "\n\t"
        "pkhtb r7, r5, r6, asr #16\n\t"
        "asr r2, r4, #16\n\t"
        "pkhbt r5, r2, r5, lsl #16\n\t"
        "asr r2, r8, #16\n\t"
        "pkhbt r9, r2, r10, lsl #16\n\t"
        LOADED_AT_STRIDE_1
        START
        "bne .Lplanes_1_small\n\t"
        ROWS(FOUR_AT_STRIDE_1, LOADED_AT_STRIDE_1, MZ_LINE_SHIFT, GROUP_BYTES, ROW_BYTES, "r3",
             ".Lplanes_1_channel", ".Lplanes_1_group"));
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        ROWS(FOUR_AT_STRIDE_1, LOADED_AT_STRIDE_1, MZ_LINE_SMALL_SHIFT, GROUP_BYTES, ROW_BYTES,
             "r3", ".Lplanes_1_channel", ".Lplanes_1_small"));
}

__attribute__((naked)) static void run_stride_2(const mz_planes_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN
        ".Lplanes_2_channel:\n\t"
        CHANNEL
        "strd r2, r12, " ON_STACK(START) "\n\t"
        "mov r7, r10\n\t"
        LOADED_AT_STRIDE_2
        START
        "bne .Lplanes_2_small\n\t"
        ROWS(FOUR_AT_STRIDE_2, LOADED_AT_STRIDE_2, MZ_LINE_SHIFT, 2 * GROUP_BYTES, 2 * ROW_BYTES,
             "r9", ".Lplanes_2_channel", ".Lplanes_2_group"));
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        ROWS(FOUR_AT_STRIDE_2, LOADED_AT_STRIDE_2, MZ_LINE_SMALL_SHIFT, 2 * GROUP_BYTES,
             2 * ROW_BYTES, "r9", ".Lplanes_2_channel", ".Lplanes_2_small"));
}

static void run_groups(const mz_planes_job *job) {
    (job->stride == 1 ? run_stride_1 : run_stride_2)(job);
}

/* One group at `column` of `rows` rows from `row` on. */
static void run_one_group(const mz_planes_job *job, int32_t column, int32_t row, int32_t rows) {
    mz_planes_job one = mz_planes_prepare(job->stride, MZ_GROUP, rows, job->plane_bytes / 2,
                                          job->output_step, job->row_bytes);
    one.planes = job->planes + (row * MZ_PLANE_ROW + column) * job->stride;
    one.output = job->output + row * job->row_bytes + column * job->output_step;
    one.channels = job->channels;
    one.count = job->count;
    run_groups(&one);
}

/* The columns behind whole groups, by a group that begins before them. Planes are words: where an
 * odd number of columns is at stride 1, the group has one more column. That is the next row's
 * first, if rows follow each other: the job computes it later. The last row has none, and reads its
 * words from odd halfwords; so do all rows where the next column is not the job's. */
static void run_rest(const mz_planes_job *job) {
    const int32_t columns = job->columns;
    const bool whole_rows = job->row_bytes == columns * job->output_step;
    if (job->stride == 1 && columns % 2 != 0 && whole_rows) {
        if (job->rows > 1) {
            run_one_group(job, columns - MZ_GROUP + 1, 0, job->rows - 1);
        }
        run_one_group(job, columns - MZ_GROUP, job->rows - 1, 1);
    } else {
        run_one_group(job, columns - MZ_GROUP, 0, job->rows);
    }
}

#define NARROW_BYTES 544

/* Fewer columns than a group has: through a buffer that takes them all. */
static void run_narrow(const mz_planes_job *job) {
    int8_t buffer[NARROW_BYTES];
    const int32_t width = MZ_GROUP * job->count;
    const int32_t most = NARROW_BYTES / width;
    for (int32_t row = 0; row < job->rows; row += most) {
        const int32_t left = job->rows - row, rows = left < most ? left : most;
        mz_planes_job all = mz_planes_prepare(job->stride, MZ_GROUP, rows, job->plane_bytes / 2,
                                              job->count, width);
        all.planes = job->planes + row * job->stride * MZ_PLANE_ROW;
        all.output = buffer;
        all.channels = job->channels;
        all.count = job->count;
        run_groups(&all);
        const int8_t *from = buffer;
        for (int32_t i = 0; i < rows; i++, from += width) {
            int8_t *to = job->output + (row + i) * job->row_bytes;
            for (int32_t column = 0; column < job->columns; column++, to += job->output_step) {
                for (int32_t channel = 0; channel < job->count; channel++) {
                    to[channel] = from[column * job->count + channel];
                }
            }
        }
    }
}

void mz_planes_convolve(const mz_planes_job *job) {
    if (job->columns < MZ_GROUP) {
        run_narrow(job);
        return;
    }
    if (job->columns % MZ_GROUP != 0) {
        run_rest(job);
    }
    run_groups(job);
}

#else

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
    return mz_line_output((int32_t)total, channel[1], (channel[4] >> 16) + MZ_LINE_ROUND(shift),
                          shift);
}

/* Columns first..job->columns - 1 of all rows, one by one. */
static void convolve_slowly(const mz_planes_job *job, int32_t first) {
    for (int32_t channel = 0; channel < job->count; channel++) {
        int8_t *to = job->output + channel;
        for (int32_t row = 0; row < job->rows; row++) {
            const int16_t *const at = job->planes + row * job->stride * MZ_PLANE_ROW +
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
