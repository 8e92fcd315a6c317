/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_planes.h"

#include <stdbool.h>

#include "kernels/mz_assembly.h"
#include "kernels/mz_depthwise_3x3_s8_dsp.h"
#include "kernels/mz_requantization.h"

/* Kinds of groups, as the assembly counts them. Four outputs each: of a row, of a column, of two
 * rows and two columns. */
enum {
    MZ_ROW_AT_STRIDE_1,
    MZ_COLUMN_AT_STRIDE_1,
    MZ_SQUARE_AT_STRIDE_1,
    MZ_SQUARE_AT_STRIDE_2,
    MZ_ROW_AT_STRIDE_2,
};

/* Groups or lines that follow each other; bytes from one to the next, of planes and output. */
typedef struct {
    int32_t count, input, output;
} sequence;

/* `count` groups side by side from column `start` on, in all rows. columns: of a group; its
 * other outputs, and a square's second row where there is one row only, are none: they are
 * stored where an output follows. Groups of several rows overlap where these are no multiple:
 * all alike or, if that is no whole number of rows, as two lines, of which the second one ends
 * with the last row. */
static __attribute__((noinline)) void add_pass(mz_planes_job *job, int32_t kind, int32_t start,
                                               int32_t count, int32_t columns) {
    const int32_t step = job->output_step, row_output = job->row_bytes;
    const int32_t row_input = 2 * MZ_PLANE_ROW * job->stride;
    const bool column = kind == MZ_COLUMN_AT_STRIDE_1;
    const bool row = kind == MZ_ROW_AT_STRIDE_1 || kind == MZ_ROW_AT_STRIDE_2;
    const int32_t height = column ? MZ_GROUP : row ? 1 : 2;
    const int32_t last = job->rows > height ? job->rows - height : 0; /* where a group begins */
    sequence groups = {(last + height - 1) / height + 1, 0, 0};
    sequence lines = {count, 2 * MZ_GROUP * job->stride, MZ_GROUP * step};
    if (last > 0) {
        int32_t down = last / (groups.count - 1);
        if (down * (groups.count - 1) != last) {
            down = height;
            groups.count = (groups.count + 1) / 2;
            const int32_t behind = job->rows - groups.count * height;
            lines = (sequence){2, behind * row_input, behind * row_output};
        }
        groups.input = down * row_input;
        groups.output = down * row_output;
    }
    /* A line goes where more groups are. */
    if (lines.count > groups.count) {
        const sequence along = lines;
        lines = groups;
        groups = along;
    }
    mz_planes_pass *const pass = &job->pass[job->passes++];
    pass->output_step = column ? row_output : columns > 1 ? step : 0;
    pass->last_output = column ? 3 * row_output
                        : row  ? (columns - 1) * step
                        : job->rows > 1 ? row_output : 0;
    pass->group_input = groups.input;
    pass->group_output = groups.output;
    pass->line_step = lines.input;
    pass->line_bytes = groups.count * groups.input;
    pass->input_skip = lines.input - pass->line_bytes;
    pass->output_skip = lines.output - groups.count * groups.output;
    pass->end_bytes = lines.count * lines.input + pass->line_bytes;
    pass->kind = kind;
    pass->start = start;
}

/* From so many rows on, three columns at stride 1 are squares and columns: a quarter fewer
 * groups, and one pass more. */
#define TALL_ROWS 8

/* Groups begin at even columns of the planes, where words do. Squares need the planes of two
 * rows, so a single row's last columns go by a group that begins before them, if there are four
 * or three. */
void mz_planes_prepare(mz_planes_job *job, int32_t stride, int32_t columns, int32_t rows,
                       int32_t plane_columns, int32_t output_step, int32_t row_bytes) {
    job->plane_bytes = 2 * plane_columns;
    job->output_step = output_step;
    job->columns = columns;
    job->rows = rows;
    job->row_bytes = row_bytes;
    job->stride = stride;
    job->passes = 0;
    const int32_t row = stride == 1 ? MZ_ROW_AT_STRIDE_1 : MZ_ROW_AT_STRIDE_2;
    const int32_t square = stride == 1 ? MZ_SQUARE_AT_STRIDE_1 : MZ_SQUARE_AT_STRIDE_2;
    const int32_t behind = columns % MZ_GROUP, whole = columns - behind;
    if (whole > 0) {
        add_pass(job, row, 0, whole / MZ_GROUP, MZ_GROUP);
    }
    if ((behind == 3 && (stride == 2 || rows < TALL_ROWS)) ||
        (behind != 0 && whole > 0 && rows == 1)) {
        const bool odd = columns == 3 || (stride == 1 && columns % 2 != 0);
        const int32_t last = odd ? MZ_GROUP - 1 : MZ_GROUP;
        add_pass(job, row, columns - last, 1, last);
        return;
    }
    if (behind >= 2) {
        add_pass(job, square, whole, 1, 2);
    }
    if (behind % 2 != 0) {
        const bool column = stride == 1 && rows >= MZ_GROUP;
        add_pass(job, column ? MZ_COLUMN_AT_STRIDE_1 : square, columns - 1, 1, 1);
    }
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
 *   68   ROWS_CHANNELS_END  and behind the last channel's
 *   72   ROWS_PLANE_BYTES   from channel to channel of the planes
 *   76   ROWS_KIND          of groups */
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
#define ROWS_CHANNELS_END 68
#define ROWS_PLANE_BYTES 72
#define ROWS_KIND 76
#define ROWS_BYTES 80

#define ON_STACK(name) MZ_AT("sp", ROWS_##name)

#define PASS_KIND 9

#define IS_FIELD(type, field, number) (offsetof(type, field) == 4 * (number))
_Static_assert(IS_FIELD(mz_planes_pass, output_step, 0) && IS_FIELD(mz_planes_pass, last_output, 1) &&
                   IS_FIELD(mz_planes_pass, group_input, 2) &&
                   IS_FIELD(mz_planes_pass, group_output, 3) &&
                   IS_FIELD(mz_planes_pass, line_step, 4) &&
                   IS_FIELD(mz_planes_pass, input_skip, 5) &&
                   IS_FIELD(mz_planes_pass, output_skip, 6) &&
                   IS_FIELD(mz_planes_pass, line_bytes, 7) &&
                   IS_FIELD(mz_planes_pass, end_bytes, 8) &&
                   IS_FIELD(mz_planes_pass, kind, PASS_KIND),
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
 *   r10..lr     the sums of four outputs: r10, r11, r12, lr. Where sums begin is first in r10, but
 *               in lr for rows at stride 2. */

/* r0: the pass, r1: planes, r2: output, r3: the job. */
#define OPEN \
    "push {r4-r11, lr}\n\t" \
    "ldm r3, {r3-r5}\n\t" \
    "add r4, r4, r4, lsl #2\n\t" \
    "add r4, r3, r4, lsl #2\n\t" \
    "ldr r6, " MZ_AT("r0", 4 * PASS_KIND) "\n\t" \
    "push {r1-r6}\n\t" \
    "ldm r0, {r1-r9}\n\t" \
    "push {r5-r9}\n\t" \
    "sub sp, " MZ_IMMEDIATE(ROWS_LINE_STEP) "\n\t" \
    "add r11, sp, " MZ_IMMEDIATE(ROWS_STEP) "\n\t" \
    "stm r11, {r1-r4}\n\t"

/* The next channel's numbers, planes and output; r12: its words. Flag Z is clear for the small
 * shift. On the way r2..r6 are the channel's five words and r3 is the mask of the upper bytes; afterwards
 *
 *   r0 r1  the channel's planes and output   r4   (w0, w1)
 *   r2     where sums begin                  r5   (w2, w5)
 *   r12    ROWS_END                          r6   (w3, w4)
 *   r10    (w8, ..)                          r8   (w6, w7)
 *   r3     the kind of groups */
#define CHANNEL \
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
    "ldrd r11, r3, " ON_STACK(PLANE_BYTES) "\n\t" \
    "add r11, r0\n\t" \
    "add r12, r1, #1\n\t" \
    "strd r11, r12, " ON_STACK(PLANES) "\n\t" \
    "ldrd r11, r12, " ON_STACK(LINE_BYTES) "\n\t" \
    "add r11, r0\n\t" \
    "add r12, r0\n\t" \
    "str r11, " ON_STACK(LINE_END) "\n\t" \
    "strd r2, r12, " ON_STACK(START) "\n\t"

/* To the next line's planes and output. a, b: free registers; end: ROWS_LINE_END. Flag Z is set
 * behind the last line. also: what else is done, with register `a` free. */
#define NEXT_LINE(a, b, end, also) \
    "ldr " a ", " ON_STACK(INPUT_SKIP) "\n\t" \
    "ldr " b ", " ON_STACK(OUTPUT_SKIP) "\n\t" \
    "add r0, " a "\n\t" \
    "ldr " a ", " ON_STACK(LINE_STEP) "\n\t" \
    "add r1, " b "\n\t" \
    "ldr " b ", " ON_STACK(END) "\n\t" \
    "add " end ", " a "\n\t" \
    also \
    "str " end ", " ON_STACK(LINE_END) "\n\t" \
    "cmp " end ", " b "\n\t"

/* All lines of a channel, groups of rows. group: code for four sums and outputs, which ends with
 * what the next group finds in registers and a comparison with the line's end; loaded: of these
 * the activations; a, b: free registers then; end: ROWS_LINE_END; label: of this code. */
#define LINES(group, loaded, a, b, end, label) \
    label ":\n\t" \
    group \
    "bne " label "\n\t" \
    NEXT_LINE(a, b, end, loaded) \
    "bne " label "\n\t" \
    "b .Lplanes_next\n\t"

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

/* Four rows of a column: (.., x0) (x1, x2) in each of six rows of the planes. Two rows of two
 * columns: (.., x0) (x1, x2) (x3, ..) in each of four rows, at stride 2 (x0, x1) (x2, x3) (x4, ..)
 * of five.
 *
 * They find the upper row's first two words in r2 and r3, and leave multiplier and offset there.
 * Outputs from above are r11, r12, lr, r10; a square's are r11, r12 and below them lr, r10. */
#define ROW(row, bytes) MZ_AT("r0", bytes + row * ROW_BYTES)
#define COLUMN_AT_STRIDE_1 \
    "smlatb r11, r2, r4, r10\n\t" \
    "ldr r2, " ROW(1, 0) "\n\t" \
    "smlad r11, r3, r5, r11\n\t" \
    "ldr r3, " ROW(1, 4) "\n\t" \
    "smlatb r12, r2, r4, r10\n\t" \
    "smlatb r11, r2, r6, r11\n\t" \
    "ldr r2, " ROW(2, 0) "\n\t" \
    "smlad r12, r3, r5, r12\n\t" \
    "smlad r11, r3, r7, r11\n\t" \
    "ldr r3, " ROW(2, 4) "\n\t" \
    "smlatb lr, r2, r4, r10\n\t" \
    "smlatb r12, r2, r6, r12\n\t" \
    "smlatb r11, r2, r8, r11\n\t" \
    "ldr r2, " ROW(3, 0) "\n\t" \
    "smlad lr, r3, r5, lr\n\t" \
    "smlad r12, r3, r7, r12\n\t" \
    "smlad r11, r3, r9, r11\n\t" \
    "ldr r3, " ROW(3, 4) "\n\t" \
    "smlatb r10, r2, r4, r10\n\t" \
    "smlatb lr, r2, r6, lr\n\t" \
    "smlatb r12, r2, r8, r12\n\t" \
    "ldr r2, " ROW(4, 0) "\n\t" \
    "smlad r10, r3, r5, r10\n\t" \
    "smlad lr, r3, r7, lr\n\t" \
    "smlad r12, r3, r9, r12\n\t" \
    "ldr r3, " ROW(4, 4) "\n\t" \
    "smlatb r10, r2, r6, r10\n\t" \
    "smlatb lr, r2, r8, lr\n\t" \
    "ldr r2, " ROW(5, 0) "\n\t" \
    "smlad r10, r3, r7, r10\n\t" \
    "smlad lr, r3, r9, lr\n\t" \
    "ldr r3, " ROW(5, 4) "\n\t" \
    "smlatb r10, r2, r8, r10\n\t" \
    "ldr r2, " ON_STACK(MULTIPLIER) "\n\t" \
    "smlad r10, r3, r9, r10\n\t" \
    "ldr r3, " ON_STACK(OFFSET) "\n\t"
#define SQUARE_AT_STRIDE_1 \
    "smlatb r11, r2, r4, r10\n\t" \
    "ldr r2, " ROW(0, 8) "\n\t" \
    "smlad r12, r3, r4, r10\n\t" \
    "smlad r11, r3, r5, r11\n\t" \
    "ldr r3, " ROW(1, 0) "\n\t" \
    "smlabt r12, r2, r5, r12\n\t" \
    "ldr r2, " ROW(1, 4) "\n\t" \
    "smlatb lr, r3, r4, r10\n\t" \
    "smlatb r11, r3, r6, r11\n\t" \
    "ldr r3, " ROW(1, 8) "\n\t" \
    "smlad r10, r2, r4, r10\n\t" \
    "smlad lr, r2, r5, lr\n\t" \
    "smlad r12, r2, r6, r12\n\t" \
    "smlad r11, r2, r7, r11\n\t" \
    "ldr r2, " ROW(2, 0) "\n\t" \
    "smlabt r10, r3, r5, r10\n\t" \
    "smlabt r12, r3, r7, r12\n\t" \
    "ldr r3, " ROW(2, 4) "\n\t" \
    "smlatb lr, r2, r6, lr\n\t" \
    "smlatb r11, r2, r8, r11\n\t" \
    "ldr r2, " ROW(2, 8) "\n\t" \
    "smlad r10, r3, r6, r10\n\t" \
    "smlad lr, r3, r7, lr\n\t" \
    "smlad r12, r3, r8, r12\n\t" \
    "smlad r11, r3, r9, r11\n\t" \
    "ldr r3, " ROW(3, 0) "\n\t" \
    "smlabt r10, r2, r7, r10\n\t" \
    "smlabt r12, r2, r9, r12\n\t" \
    "ldr r2, " ROW(3, 4) "\n\t" \
    "smlatb lr, r3, r8, lr\n\t" \
    "ldr r3, " ROW(3, 8) "\n\t" \
    "smlad lr, r2, r9, lr\n\t" \
    "smlad r10, r2, r8, r10\n\t" \
    "ldr r2, " ON_STACK(MULTIPLIER) "\n\t" \
    "smlabt r10, r3, r9, r10\n\t" \
    "ldr r3, " ON_STACK(OFFSET) "\n\t"
#define SQUARE_AT_STRIDE_2 \
    "smlad r11, r2, r4, r10\n\t" \
    "ldr r9, " ROW(0, 8) "\n\t" \
    "smlad r12, r3, r4, r10\n\t" \
    "ldr r2, " ROW(1, 0) "\n\t" \
    "smlabb r11, r3, r5, r11\n\t" \
    "ldr r3, " ROW(1, 4) "\n\t" \
    "smlabb r12, r9, r5, r12\n\t" \
    "ldr r9, " ROW(1, 8) "\n\t" \
    "smlad r11, r2, r6, r11\n\t" \
    "ldr r2, " ROW(2, 0) "\n\t" \
    "smlad r12, r3, r6, r12\n\t" \
    "smlabt r11, r3, r5, r11\n\t" \
    "ldr r3, " ROW(2, 4) "\n\t" \
    "smlabt r12, r9, r5, r12\n\t" \
    "ldr r9, " ROW(2, 8) "\n\t" \
    "smlad lr, r2, r4, r10\n\t" \
    "smlad r11, r2, r8, r11\n\t" \
    "ldr r2, " ROW(3, 0) "\n\t" \
    "smlad r10, r3, r4, r10\n\t" \
    "smlabb lr, r3, r5, lr\n\t" \
    "smlad r12, r3, r8, r12\n\t" \
    "smlabb r11, r3, r7, r11\n\t" \
    "ldr r3, " ROW(3, 4) "\n\t" \
    "smlabb r10, r9, r5, r10\n\t" \
    "smlabb r12, r9, r7, r12\n\t" \
    "ldr r9, " ROW(3, 8) "\n\t" \
    "smlad lr, r2, r6, lr\n\t" \
    "ldr r2, " ROW(4, 0) "\n\t" \
    "smlad r10, r3, r6, r10\n\t" \
    "smlabt lr, r3, r5, lr\n\t" \
    "ldr r3, " ROW(4, 4) "\n\t" \
    "smlabt r10, r9, r5, r10\n\t" \
    "ldr r9, " ROW(4, 8) "\n\t" \
    "smlad lr, r2, r8, lr\n\t" \
    "ldr r2, " ON_STACK(MULTIPLIER) "\n\t" \
    "smlad r10, r3, r8, r10\n\t" \
    "smlabb lr, r3, r7, lr\n\t" \
    "ldr r3, " ON_STACK(OFFSET) "\n\t" \
    "smlabb r10, r9, r7, r10\n\t"

/* Three of these outputs, with ROWS_STEP and ROWS_LAST in r2 and r3, and the last one. Of a
 * square the lower row is stored first, and of a row the right column: they may be none. */
#define COLUMN_STORED(shift) \
    "ssat r11, #8, r11, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "ssat r12, #8, r12, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb r11, [r1]\n\t" \
    "ssat lr, #8, lr, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb r12, [r1, r2]\n\t" \
    "ssat r10, #8, r10, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb lr, [r1, r2, lsl #1]\n\t"
#define COLUMN_LAST "strb r10, [r1, r3]\n\t"
#define SQUARE_STORED(shift) \
    "ssat r10, #8, r10, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "add r3, r1\n\t" \
    "ssat lr, #8, lr, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "ssat r12, #8, r12, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb r10, [r3, r2]\n\t" \
    "ssat r11, #8, r11, asr " MZ_IMMEDIATE(shift) "\n\t" \
    "strb lr, [r3]\n\t" \
    "strb r12, [r1, r2]\n\t"
#define SQUARE_LAST "strb r11, [r1]\n\t"

/* The offset tells the shift. */
#define SMALL_OFFSETS -0x100000
_Static_assert(MZ_LINE_ROUND(MZ_LINE_SHIFT) + 0x7FFF < SMALL_OFFSETS &&
                   MZ_LINE_ROUND(MZ_LINE_SMALL_SHIFT) - 0x8000 > SMALL_OFFSETS,
               "the assembly below counts on it");

/* A line of groups of one of these kinds, with either shift. */
#define DOWN(label, sums, stored, last) \
    label ":\n\t" \
    sums \
    "smmla r11, r11, r2, r3\n\t" \
    "cmp r3, #-0x100000\n\t" \
    "smmla r10, r10, r2, r3\n\t" \
    "smmla lr, lr, r2, r3\n\t" \
    "smmla r12, r12, r2, r3\n\t" \
    "ldr r3, " ON_STACK(LAST) "\n\t" \
    "ldr r2, " ON_STACK(STEP) "\n\t" \
    "bgt " label "_small\n\t" \
    stored(MZ_LINE_SHIFT) \
    label "_last:\n\t" \
    "ldr r12, " ON_STACK(GROUP_INPUT) "\n\t" \
    last \
    "ldr lr, " ON_STACK(GROUP_OUTPUT) "\n\t" \
    "add r0, r12\n\t" \
    "ldr r10, " ON_STACK(START) "\n\t" \
    "ldr r12, " ON_STACK(LINE_END) "\n\t" \
    "ldr r3, " ROW(0, 4) "\n\t" \
    "ldr r2, " ROW(0, 0) "\n\t" \
    "cmp r0, r12\n\t" \
    "add r1, lr\n\t" \
    "bne " label "\n\t" \
    "b .Lplanes_line\n\t" \
    label "_small:\n\t" \
    stored(MZ_LINE_SMALL_SHIFT) \
    "b " label "_last\n\t"

__attribute__((naked)) static void run_pass(const mz_planes_pass *pass __attribute__((unused)),
                                            const int16_t *planes __attribute__((unused)),
                                            int8_t *output __attribute__((unused)),
                                            const mz_planes_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN
        ".Lplanes_next:\n\t"
        "ldrd r12, r10, " ON_STACK(CHANNELS) "\n\t"
        "cmp r12, r10\n\t"
        "beq .Lplanes_end\n\t"
        CHANNEL
        /* To the code of this kind; flag Z stays. */
        "tbh [pc, r3, lsl #1]\n\t"
        ".Lplanes_kinds:\n\t"
        ".hword (.Lplanes_stride_1 - .Lplanes_kinds) / 2\n\t"
        ".hword (.Lplanes_stride_1 - .Lplanes_kinds) / 2\n\t"
        ".hword (.Lplanes_stride_1 - .Lplanes_kinds) / 2\n\t"
        ".hword (.Lplanes_square - .Lplanes_kinds) / 2\n\t"
        ".hword (.Lplanes_row - .Lplanes_kinds) / 2\n\t"
        ".Lplanes_end:\n\t"
        "add sp, " MZ_IMMEDIATE(ROWS_BYTES) "\n\t"
        "pop {r4-r11, pc}\n\t"
        ".Lplanes_square:\n\t"
        "mov r7, r10\n\t"
        "mov r10, r2\n\t"
        "b .Lplanes_down\n\t"
        ".Lplanes_line:\n\t"
        NEXT_LINE("r11", "lr", "r12", "ldr r11, " ON_STACK(KIND) "\n\t")
        "bne .Lplanes_load\n\t"
        "b .Lplanes_next\n\t"
        ".Lplanes_stride_1:\n\t"
        "pkhtb r7, r5, r6, asr #16\n\t"
        "asr r11, r4, #16\n\t"
        "pkhbt r5, r11, r5, lsl #16\n\t"
        "asr r11, r8, #16\n\t"
        "pkhbt r9, r11, r10, lsl #16\n\t"
        "mov r10, r2\n\t"
        "cbz r3, .Lplanes_row_of_stride_1\n\t"
        ".Lplanes_down:\n\t"
        "mov r11, r3\n\t"
        ".Lplanes_load:\n\t"
        "ldr r2, " ROW(0, 0) "\n\t"
        "ldr r3, " ROW(0, 4) "\n\t"
        "tbh [pc, r11, lsl #1]\n\t"
        ".Lplanes_loops:\n\t"
        ".hword 0\n\t"
        ".hword (.Lplanes_column_1 - .Lplanes_loops) / 2\n\t"
        ".hword (.Lplanes_square_1 - .Lplanes_loops) / 2\n\t"
        ".hword (.Lplanes_square_2 - .Lplanes_loops) / 2\n\t"
        ".Lplanes_row_of_stride_1:\n\t"
        LOADED_AT_STRIDE_1
        "bne .Lplanes_row_1_small\n\t");
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        LINES(FOUR_AT_STRIDE_1(MZ_LINE_SHIFT), LOADED_AT_STRIDE_1, "r11", "lr", "r12",
              ".Lplanes_row_1"));
    __asm__ volatile(
        LINES(FOUR_AT_STRIDE_1(MZ_LINE_SMALL_SHIFT), LOADED_AT_STRIDE_1, "r11", "lr", "r12",
              ".Lplanes_row_1_small"));
    __asm__ volatile(
        ".Lplanes_row:\n\t"
        "mov lr, r2\n\t"
        "mov r7, r10\n\t"
        LOADED_AT_STRIDE_2
        "bne .Lplanes_row_2_small\n\t"
        LINES(FOUR_AT_STRIDE_2(MZ_LINE_SHIFT), LOADED_AT_STRIDE_2, "r9", "r12", "r11",
              ".Lplanes_row_2"));
    __asm__ volatile(
        LINES(FOUR_AT_STRIDE_2(MZ_LINE_SMALL_SHIFT), LOADED_AT_STRIDE_2, "r9", "r12", "r11",
              ".Lplanes_row_2_small"));
    __asm__ volatile(DOWN(".Lplanes_column_1", COLUMN_AT_STRIDE_1, COLUMN_STORED, COLUMN_LAST));
    __asm__ volatile(DOWN(".Lplanes_square_1", SQUARE_AT_STRIDE_1, SQUARE_STORED, SQUARE_LAST));
    __asm__ volatile(DOWN(".Lplanes_square_2", SQUARE_AT_STRIDE_2, SQUARE_STORED, SQUARE_LAST));
}

void mz_planes_convolve(const mz_planes_job *job) {
    for (int32_t i = 0; i < job->passes; i++) {
        const int32_t start = job->pass[i].start;
        run_pass(&job->pass[i], job->planes + start * job->stride,
                 job->output + start * job->output_step, job);
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
    for (int32_t channel = 0; channel < job->count; channel++) {
        int8_t *to = job->output + channel;
        for (int32_t row = 0; row < job->rows; row++) {
            const int16_t *const at = job->planes + row * job->stride * MZ_PLANE_ROW +
                                      channel * job->plane_bytes / 2 +
                                      MZ_PLANES_LEAD(job->stride);
            for (int32_t column = 0; column < job->columns; column++) {
                to[column * job->output_step] =
                    convolve_one(at + column * job->stride,
                                 job->channels + channel * MZ_DEPTHWISE_WORDS);
            }
            to += job->row_bytes;
        }
    }
}

#endif
