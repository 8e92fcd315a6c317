/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_planes.h"

#include <stdbool.h>

#include "kernels/mz_assembly.h"
#include "kernels/mz_depthwise_3x3_s8_dsp.h"
#include "kernels/mz_requantization.h"

/* Groups of four columns from `start` on, `count` of them, in all rows; garbage: the last column of a
 * group is none, and its output gives way to the one before it. */
static mz_planes_pass pass_over(const mz_planes_job *job, int32_t start, int32_t count,
                                bool garbage) {
    const int32_t step = job->output_step;
    const int32_t row_input = 2 * MZ_PLANE_ROW * job->stride, row_output = job->row_bytes;
    const int32_t group_input = 2 * MZ_GROUP * job->stride, group_output = MZ_GROUP * step;
    /* A line is a row of groups or, if that is longer, a column of them. */
    const bool down = count < job->rows;
    const int32_t groups = down ? job->rows : count, lines = down ? count : job->rows;
    const int32_t input = down ? row_input : group_input;
    const int32_t output = down ? row_output : group_output;
    const int32_t line_input = down ? group_input : row_input;
    const int32_t line_output = down ? group_output : row_output;
    const mz_planes_pass pass = {
        .output_step = step,
        .last_output = (garbage ? MZ_GROUP - 2 : MZ_GROUP - 1) * step,
        .group_input = input,
        .group_output = output,
        .line_step = line_input,
        .input_skip = line_input - groups * input,
        .output_skip = line_output - groups * output,
        .line_bytes = groups * input,
        .end_bytes = lines * line_input + groups * input,
        .start = start,
    };
    return pass;
}

/* Columns behind whole groups go by a group that begins before them, at an even column of the
 * planes, which are words: so an odd number of columns at stride 1 has one that is none. */
mz_planes_job mz_planes_prepare(int32_t stride, int32_t columns, int32_t rows,
                                int32_t plane_columns, int32_t output_step, int32_t row_bytes) {
    mz_planes_job job;
    job.plane_bytes = 2 * plane_columns;
    job.output_step = output_step;
    job.columns = columns;
    job.rows = rows;
    job.row_bytes = row_bytes;
    job.stride = stride;
    job.passes = 0;
    if (columns >= MZ_GROUP) {
        job.pass[job.passes++] = pass_over(&job, 0, columns / MZ_GROUP, false);
    }
    if (columns % MZ_GROUP != 0) {
        const bool garbage = columns < MZ_GROUP || (stride == 1 && columns % 2 != 0);
        const int32_t start = columns - (garbage ? MZ_GROUP - 1 : MZ_GROUP);
        job.pass[job.passes++] = pass_over(&job, start > 0 ? start : 0, 1, garbage);
    }
    return job;
}

#if MZ_ASSEMBLY

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
 *   r1      writes planes                r4..r11   the same, by channel
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
        "ldr r7, [r0, r3]\n\t"
        "ldr r5, [r0, r2]\n\t"
        "ldr r6, [r0, r2, lsl #1]\n\t"
        "pkhbt r9, r6, r7, lsl #16\n\t"
        "ldr r4, [r0]\n\t"
        "pkhbt r8, r4, r5, lsl #16\n\t"
        "pkhtb r6, r7, r6, asr #16\n\t"
        "pkhtb r4, r5, r4, asr #16\n\t"
        "sxtb16 r5, r4\n\t"
        "sxtb16 r7, r6\n\t"
        "str r5, " MZ_AT("r1", 2 * PLANE_BYTES) "\n\t"
        "sxtb16 r11, r9\n\t"
        "str r7, " MZ_AT("r1", 2 * PLANE_BYTES + 4) "\n\t"
        "sxtb16 r9, r9, ror #8\n\t"
        "str r11, [r1, #4]\n\t"
        "sxtb16 r4, r4, ror #8\n\t"
        "str r4, " MZ_AT("r1", 3 * PLANE_BYTES) "\n\t"
        "sxtb16 r6, r6, ror #8\n\t"
        "str r6, " MZ_AT("r1", 3 * PLANE_BYTES + 4) "\n\t"
        "sxtb16 r10, r8\n\t"
        "str r9, " MZ_AT("r1", PLANE_BYTES + 4) "\n\t"
        "sxtb16 r8, r8, ror #8\n\t"
        "str r8, " MZ_AT("r1", PLANE_BYTES) "\n\t"
        "str r10, [r1], #8\n\t"
        "add r0, r0, r2, lsl #2\n\t"
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

/* On the stack while rows are computed, bytes from sp. The last nine words but the job's five are
 * fields of the pass, in their order.
 *
 *   0    ROWS_MULTIPLIER    of the channel
 *   4    ROWS_OFFSET        its round and MZ_LINE_ROUND
 *   8    ROWS_STEP          bytes from pixel to pixel of the output
 *   12   ROWS_LAST          and to a group's last one
 *   16   ROWS_GROUP_INPUT   from group to group of the planes
 *   20   ROWS_GROUP_OUTPUT  and of the output
 *   24   ROWS_LINE_END      where the line's groups end
 *   28   ROWS_START         of the channel's sums
 *   32   ROWS_END           where a line behind the channel's last would end
 *   36   ROWS_LINE_STEP     from line to line of the planes
 *   40   ROWS_INPUT_SKIP    from behind a line's groups to the next line, of the planes
 *   44   ROWS_OUTPUT_SKIP   and of the output
 *   48   ROWS_LINE_BYTES    of the planes, from a line's begin to its ROWS_LINE_END
 *   52   ROWS_END_BYTES     from the first line's begin to ROWS_END
 *   56   ROWS_PLANES        of the next channel
 *   60   ROWS_OUTPUT        of the next channel
 *   64   ROWS_CHANNELS      words of the next channel
 *   68   ROWS_COUNT         channels that are left
 *   72   ROWS_PLANE_BYTES   from channel to channel of the planes */
#define ROWS_MULTIPLIER 0
#define ROWS_OFFSET 4
#define ROWS_STEP 8
#define ROWS_LAST 12
#define ROWS_GROUP_INPUT 16
#define ROWS_GROUP_OUTPUT 20
#define ROWS_LINE_END 24
#define ROWS_START 28
#define ROWS_END 32
#define ROWS_LINE_STEP 36
#define ROWS_INPUT_SKIP 40
#define ROWS_OUTPUT_SKIP 44
#define ROWS_LINE_BYTES 48
#define ROWS_END_BYTES 52
#define ROWS_PLANES 56
#define ROWS_OUTPUT 60
#define ROWS_CHANNELS 64
#define ROWS_COUNT 68
#define ROWS_PLANE_BYTES 72
#define ROWS_BYTES 76

#define ON_STACK(name) MZ_AT("sp", ROWS_##name)

#define IS_FIELD(type, field, number) (offsetof(type, field) == 4 * (number))
_Static_assert(IS_FIELD(mz_planes_pass, output_step, 0) && IS_FIELD(mz_planes_pass, last_output, 1) &&
                   IS_FIELD(mz_planes_pass, group_input, 2) &&
                   IS_FIELD(mz_planes_pass, group_output, 3) &&
                   IS_FIELD(mz_planes_pass, line_step, 4) &&
                   IS_FIELD(mz_planes_pass, input_skip, 5) &&
                   IS_FIELD(mz_planes_pass, output_skip, 6) &&
                   IS_FIELD(mz_planes_pass, line_bytes, 7) && IS_FIELD(mz_planes_pass, end_bytes, 8),
               "the assembly below counts on it");
_Static_assert(IS_FIELD(mz_planes_job, channels, 0) && IS_FIELD(mz_planes_job, count, 1) &&
                   IS_FIELD(mz_planes_job, plane_bytes, 2),
               "and on this");

/* Registers while a channel's rows are computed. A weight is a halfword, 256 times its value; a
 * pair is (bottom, top).
 *
 *               stride 1      stride 2
 *   r0          reads planes, from the window's upper row
 *   r1          writes outputs
 *   r2 r3       activations, two columns each; then what outputs and lines take from the stack
 *   r4          (w0, w1)      (w0, w1)
 *   r5          (w1, w2)      (w2, w5)
 *   r6          (w3, w4)      (w3, w4)
 *   r7          (w4, w5)      (w8, ..)
 *   r8          (w6, w7)      (w6, w7)
 *   r9          (w7, w8)      as r2 and r3
 *   r10..lr     the sums of four outputs: r10, r11, r12, lr. Where sums begin is first in r10 at
 *               stride 1, in lr at stride 2. */

/* r0: the pass, r1: planes, r2: output, r3: the job. */
#define OPEN \
    "push {r4-r11, lr}\n\t" \
    "ldm r3, {r3-r5}\n\t" \
    "push {r1-r5}\n\t" \
    "ldm r0, {r1-r9}\n\t" \
    "push {r5-r9}\n\t" \
    "sub sp, " MZ_IMMEDIATE(ROWS_LINE_STEP) "\n\t" \
    "add r11, sp, " MZ_IMMEDIATE(ROWS_STEP) "\n\t" \
    "stm r11, {r1-r4}\n\t"

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
    "ldrd r11, r12, " ON_STACK(LINE_BYTES) "\n\t" \
    "add r11, r0\n\t" \
    "add r12, r0\n\t" \
    "str r11, " ON_STACK(LINE_END) "\n\t" \
    "strd r2, r12, " ON_STACK(START) "\n\t"

/* All lines of a channel, and what follows the last one. group: code for four sums and outputs,
 * which ends with what the next group finds in registers and a comparison with the line's end;
 * loaded: of these the activations; a, b: free registers then; end: ROWS_LINE_END; channel: the
 * label of the code for the next one; label: of this. */
#define LINES(group, loaded, a, b, end, channel, label) \
    label ":\n\t" \
    group \
    "bne " label "\n\t" \
    "ldr " a ", " ON_STACK(INPUT_SKIP) "\n\t" \
    "ldr " b ", " ON_STACK(OUTPUT_SKIP) "\n\t" \
    "add r0, " a "\n\t" \
    "ldr " a ", " ON_STACK(LINE_STEP) "\n\t" \
    "add r1, " b "\n\t" \
    "ldr " b ", " ON_STACK(END) "\n\t" \
    "add " end ", " a "\n\t" \
    loaded \
    "str " end ", " ON_STACK(LINE_END) "\n\t" \
    "cmp " end ", " b "\n\t" \
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

/* Four sums and their outputs. Each load stands beside a product, and two products before the one
 * that needs it. What the core cannot issue together, a product, a store or a saturation each, is
 * apart. The last output is stored before the third, which may take its place.
 *
 * At stride 1 windows begin at odd columns: (.., x0) (x1, x2) (x3, x4) (x5, ..) for four outputs. */
#define LOADED_AT_STRIDE_1 \
    "ldr r2, " UPPER(4) "\n\t" \
    "ldr r3, " UPPER(8) "\n\t"
#define FOUR_AT_STRIDE_1(shift) \
    "smlad r11, r2, r4, r10\n\t" \
    "smlatb r12, r2, r4, r10\n\t" \
    "smlad lr, r3, r4, r10\n\t" \
    "smlad r10, r2, r5, r10\n\t" \
    "smlad r12, r3, r5, r12\n\t" \
    "ldr r2, " UPPER(0) "\n\t" \
    "smlabt r11, r3, r5, r11\n\t" \
    "ldr r3, " UPPER(12) "\n\t" \
    "smlatb r10, r2, r4, r10\n\t" \
    "ldr r2, " MIDDLE(0) "\n\t" \
    "smlabt lr, r3, r5, lr\n\t" \
    "ldr r3, " MIDDLE(4) "\n\t" \
    "smlatb r10, r2, r6, r10\n\t" \
    "smlad r11, r3, r6, r11\n\t" \
    "ldr r2, " MIDDLE(8) "\n\t" \
    "smlatb r12, r3, r6, r12\n\t" \
    "smlad r10, r3, r7, r10\n\t" \
    "smlad lr, r2, r6, lr\n\t" \
    "smlabt r11, r2, r7, r11\n\t" \
    "ldr r3, " MIDDLE(12) "\n\t" \
    "smlad r12, r2, r7, r12\n\t" \
    "ldr r2, " LOWER(0) "\n\t" \
    "smlabt lr, r3, r7, lr\n\t" \
    "ldr r3, " LOWER(4) "\n\t" \
    "smlatb r10, r2, r8, r10\n\t" \
    "smlad r11, r3, r8, r11\n\t" \
    "ldr r2, " LOWER(8) "\n\t" \
    "smlad r10, r3, r9, r10\n\t" \
    "smlatb r12, r3, r8, r12\n\t" \
    "smlad lr, r2, r8, lr\n\t" \
    "smlad r12, r2, r9, r12\n\t" \
    "ldr r3, " LOWER(12) "\n\t" \
    "smlabt r11, r2, r9, r11\n\t" \
    "ldr r2, " ON_STACK(MULTIPLIER) "\n\t" \
    "smlabt lr, r3, r9, lr\n\t" \
    "ldr r3, " ON_STACK(OFFSET) "\n\t" \
    "smmla r11, r11, r2, r3\n\t" \
    "smmla lr, lr, r2, r3\n\t" \
    "smmla r10, r10, r2, r3\n\t" \
    "smmla r12, r12, r2, r3\n\t" \
    "ldr r2, " ON_STACK(STEP) "\n\t" \
    "ssat r11, #8, r11, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "ssat lr, #8, lr, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "ldr r3, " ON_STACK(LAST) "\n\t" \
    "ssat r10, #8, r10, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb r10, [r1]\n\t" \
    "ssat r12, #8, r12, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb r11, [r1, r2]\n\t" \
    "ldr r11, " ON_STACK(GROUP_INPUT) "\n\t" \
    "strb lr, [r1, r3]\n\t" \
    "strb r12, [r1, r2, lsl #1]\n\t" \
    "add r0, r11\n\t" \
    "ldr r10, " ON_STACK(START) "\n\t" \
    "ldr r12, " ON_STACK(LINE_END) "\n\t" \
    "ldr r3, " UPPER(8) "\n\t" \
    "ldr r2, " UPPER(4) "\n\t" \
    "ldr lr, " ON_STACK(GROUP_OUTPUT) "\n\t" \
    "cmp r0, r12\n\t" \
    "add r1, lr\n\t"

/* At stride 2 they begin at even columns: (x0, x1) (x2, ..), the next one with (x2, x3). */
#define LOADED_AT_STRIDE_2 \
    "ldr r2, " UPPER(0) "\n\t" \
    "ldr r3, " UPPER(4) "\n\t"
#define FOUR_AT_STRIDE_2(shift) \
    "smlad r10, r2, r4, lr\n\t" \
    "ldr r9, " UPPER(8) "\n\t" \
    "smlad r11, r3, r4, lr\n\t" \
    "ldr r2, " UPPER(12) "\n\t" \
    "smlabb r10, r3, r5, r10\n\t" \
    "smlad r12, r9, r4, lr\n\t" \
    "ldr r3, " UPPER(16) "\n\t" \
    "smlad lr, r2, r4, lr\n\t" \
    "smlabb r11, r9, r5, r11\n\t" \
    "smlabb r12, r2, r5, r12\n\t" \
    "ldr r9, " MIDDLE(0) "\n\t" \
    "smlabb lr, r3, r5, lr\n\t" \
    "ldr r3, " MIDDLE(8) "\n\t" \
    "smlad r10, r9, r6, r10\n\t" \
    "ldr r2, " MIDDLE(4) "\n\t" \
    "ldr r9, " MIDDLE(12) "\n\t" \
    "smlad r12, r3, r6, r12\n\t" \
    "smlad r11, r2, r6, r11\n\t" \
    "smlabt r11, r3, r5, r11\n\t" \
    "smlad lr, r9, r6, lr\n\t" \
    "smlabt r10, r2, r5, r10\n\t" \
    "ldr r2, " MIDDLE(16) "\n\t" \
    "ldr r3, " LOWER(0) "\n\t" \
    "smlabt r12, r9, r5, r12\n\t" \
    "ldr r9, " LOWER(4) "\n\t" \
    "smlabt lr, r2, r5, lr\n\t" \
    "smlad r10, r3, r8, r10\n\t" \
    "smlabb r10, r9, r7, r10\n\t" \
    "ldr r2, " LOWER(8) "\n\t" \
    "ldr r3, " LOWER(12) "\n\t" \
    "smlad r11, r9, r8, r11\n\t" \
    "ldr r9, " LOWER(16) "\n\t" \
    "smlad r12, r2, r8, r12\n\t" \
    "smlabb r12, r3, r7, r12\n\t" \
    "smlad lr, r3, r8, lr\n\t" \
    "smlabb r11, r2, r7, r11\n\t" \
    "ldr r2, " ON_STACK(MULTIPLIER) "\n\t" \
    "smlabb lr, r9, r7, lr\n\t" \
    "ldr r3, " ON_STACK(OFFSET) "\n\t" \
    "ldr r9, " ON_STACK(GROUP_INPUT) "\n\t" \
    "smmla r12, r12, r2, r3\n\t" \
    "smmla r11, r11, r2, r3\n\t" \
    "smmla r10, r10, r2, r3\n\t" \
    "add r0, r9\n\t" \
    "smmla lr, lr, r2, r3\n\t" \
    "ssat r12, #8, r12, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "ldr r3, " ON_STACK(LAST) "\n\t" \
    "ssat r10, #8, r10, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "ldr r2, " ON_STACK(STEP) "\n\t" \
    "ssat lr, #8, lr, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb lr, [r1, r3]\n\t" \
    "ssat r11, #8, r11, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "ldr r3, " UPPER(4) "\n\t" \
    "strb r10, [r1]\n\t" \
    "ldr lr, " ON_STACK(START) "\n\t" \
    "strb r12, [r1, r2, lsl #1]\n\t" \
    "ldr r12, " ON_STACK(GROUP_OUTPUT) "\n\t" \
    "strb r11, [r1, r2]\n\t" \
    "ldr r11, " ON_STACK(LINE_END) "\n\t" \
    "cmp r0, r11\n\t" \
    "ldr r2, " UPPER(0) "\n\t" \
    "add r1, r12\n\t"

typedef void run(const mz_planes_pass *pass, const int16_t *planes, int8_t *output,
                 const mz_planes_job *job);

__attribute__((naked)) static void run_stride_1(const mz_planes_pass *pass __attribute__((unused)),
                                                const int16_t *planes __attribute__((unused)),
                                                int8_t *output __attribute__((unused)),
                                                const mz_planes_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN
        ".Lplanes_1_channel:\n\t"
        CHANNEL
        "pkhtb r7, r5, r6, asr #16\n\t"
        "asr r3, r4, #16\n\t"
        "pkhbt r5, r3, r5, lsl #16\n\t"
        "asr r3, r8, #16\n\t"
        "pkhbt r9, r3, r10, lsl #16\n\t"
        "mov r10, r2\n\t"
        LOADED_AT_STRIDE_1
        "bne .Lplanes_1_small\n\t"
        LINES(FOUR_AT_STRIDE_1(MZ_LINE_SHIFT), LOADED_AT_STRIDE_1, "r11", "lr", "r12",
              ".Lplanes_1_channel", ".Lplanes_1_group"));
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        LINES(FOUR_AT_STRIDE_1(MZ_LINE_SMALL_SHIFT), LOADED_AT_STRIDE_1, "r11", "lr", "r12",
              ".Lplanes_1_channel", ".Lplanes_1_small"));
}

__attribute__((naked)) static void run_stride_2(const mz_planes_pass *pass __attribute__((unused)),
                                                const int16_t *planes __attribute__((unused)),
                                                int8_t *output __attribute__((unused)),
                                                const mz_planes_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN
        ".Lplanes_2_channel:\n\t"
        CHANNEL
        "mov lr, r2\n\t"
        "mov r7, r10\n\t"
        LOADED_AT_STRIDE_2
        "bne .Lplanes_2_small\n\t"
        LINES(FOUR_AT_STRIDE_2(MZ_LINE_SHIFT), LOADED_AT_STRIDE_2, "r9", "r12", "r11",
              ".Lplanes_2_channel", ".Lplanes_2_group"));
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        LINES(FOUR_AT_STRIDE_2(MZ_LINE_SMALL_SHIFT), LOADED_AT_STRIDE_2, "r9", "r12", "r11",
              ".Lplanes_2_channel", ".Lplanes_2_small"));
}

static void run_passes(const mz_planes_job *job) {
    run *const code = job->stride == 1 ? run_stride_1 : run_stride_2;
    for (int32_t i = 0; i < job->passes; i++) {
        const int32_t start = job->pass[i].start;
        code(&job->pass[i], job->planes + start * job->stride,
             job->output + start * job->output_step, job);
    }
}

/* One or two columns: through a buffer that takes three. */
#define NARROW_BYTES 544

static void run_narrow(const mz_planes_job *job) {
    int8_t buffer[NARROW_BYTES];
    const int32_t width = (MZ_GROUP - 1) * job->count;
    const int32_t most = NARROW_BYTES / width;
    for (int32_t row = 0; row < job->rows; row += most) {
        const int32_t left = job->rows - row, rows = left < most ? left : most;
        mz_planes_job all = mz_planes_prepare(job->stride, MZ_GROUP - 1, rows, job->plane_bytes / 2,
                                              job->count, width);
        all.planes = job->planes + row * job->stride * MZ_PLANE_ROW;
        all.output = buffer;
        all.channels = job->channels;
        all.count = job->count;
        run_passes(&all);
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
    if (job->columns < MZ_GROUP - 1) {
        run_narrow(job);
    } else {
        run_passes(job);
    }
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
