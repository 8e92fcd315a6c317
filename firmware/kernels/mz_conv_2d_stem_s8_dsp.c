/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_conv_2d_stem_s8_dsp.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernels/mz_assembly.h"
#include "kernels/mz_requantization.h"

#define LANES 4

/* One output row. The assembly counts on the order. */
typedef struct {
    const int16_t *pairs, *third; /* what the first window reads */
    const int32_t *packed, *end;  /* of all output channels */
    int8_t *output;
    const int16_t *pairs_end; /* behind the first values of all windows */
} mz_stem_row;

#if MZ_ASSEMBLY

#define IS_FIELD(field, number) (offsetof(mz_stem_row, field) == 4 * (number))
_Static_assert(IS_FIELD(pairs, 0) && IS_FIELD(third, 1) && IS_FIELD(packed, 2) &&
                   IS_FIELD(end, 3) && IS_FIELD(output, 4) && IS_FIELD(pairs_end, 5) && LANES == 4,
               "the assembly below counts on these");

/* On the stack: the argument that does not fit into registers, groups, behind the nine registers
 * that are pushed. */
#define WIDEN_GROUPS_ARGUMENT 36

/* Two rows, four values of each at a time. Registers:
 *
 *   r0 r1  read the upper and the lower row    r8 r6       upper values 0 and 2, 1 and 3
 *   r2     writes pairs                        r9 r7       lower values 0 and 2, 1 and 3
 *   r3     writes the third row                r10..lr     pairs; then values of the third row
 *   r4     the mask of the upper bytes         r5          groups that are left */
__attribute__((naked)) static void widen(
    const int8_t *first __attribute__((unused)), const int8_t *second __attribute__((unused)),
    int16_t *pairs __attribute__((unused)), int16_t *third __attribute__((unused)),
    int32_t groups __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldr r5, " MZ_AT("sp", WIDEN_GROUPS_ARGUMENT) "\n\t"
        "mov r4, #0xFF00FF00\n\t"
        ".Lstem_widen_group:\n\t"
        "ldr r6, [r0], #4\n\t"
        "ldr r7, [r1], #4\n\t"
        "and r8, r4, r6, lsl #8\n\t"
        "and r6, r4, r6\n\t"
        "and r9, r4, r7, lsl #8\n\t"
        "and r7, r4, r7\n\t"
        "pkhbt r10, r8, r9, lsl #16\n\t"
        "pkhbt r11, r6, r7, lsl #16\n\t"
        "pkhtb r12, r9, r8, asr #16\n\t"
        "pkhtb lr, r7, r6, asr #16\n\t"
        "stm r2!, {r10-r12, lr}\n\t"
        "pkhbt r10, r8, r6, lsl #16\n\t"
        "pkhtb r11, r6, r8, asr #16\n\t"
        "strd r10, r11, [r3], #8\n\t"
        "subs r5, #1\n\t"
        "bne .Lstem_widen_group\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* On the stack while a row is computed, bytes from sp. */
#define ROW_PACKED 0    /* of the first four channels */
#define ROW_END 4       /* behind those of the last */
#define ROW_PAIRS_END 8 /* behind the first values of all windows */
#define ROW_BYTES 12

/* Registers while a row is computed:
 *
 *   r0      reads pairs, from the window's first    r4..r7   sums of four channels
 *   r1      reads the stream of weights             r8..r11  their weights; then multipliers and
 *   r2 r3   values                                           offsets of two of them
 *   r12     writes outputs                          lr       reads the third row */

/* One word of values against four channels' weights. */
#define VALUE(x) \
    "ldm r1!, {r8-r11}\n\t" \
    "smlad r4, r8, " x ", r4\n\t" \
    "smlad r5, r9, " x ", r5\n\t" \
    "smlad r6, r10, " x ", r6\n\t" \
    "smlad r7, r11, " x ", r7\n\t"
#define TWO(from, offset) "ldrd r2, r3, " MZ_AT(from, offset) "\n\t" VALUE("r2") VALUE("r3")
#define ONE(from, offset) "ldr r2, " MZ_AT(from, offset) "\n\t" VALUE("r2")

/* window, four: labels of the code for the next window and for its next four channels. */
#define OPEN(window, four) \
    "push {r4-r11, lr}\n\t" \
    "ldm r0, {r0-r5}\n\t" \
    "push {r2, r3, r5}\n\t" \
    "mov lr, r1\n\t" \
    "mov r12, r4\n\t" \
    window ":\n\t" \
    "ldr r1, " MZ_AT("sp", ROW_PACKED) "\n\t" \
    four ":\n\t" \
    "ldm r1!, {r4-r7}\n\t"

/* Four sums to four outputs, the next four channels, the next window. The steps are the bytes from
 * window to window in both rows. */
#define CLOSE(pairs_step, third_step, window, four) \
    "ldm r1!, {r8-r11}\n\t" \
    "smmla r4, r4, r8, r9\n\t" \
    "smmla r5, r5, r10, r11\n\t" \
    "ldm r1!, {r8-r11}\n\t" \
    "smmla r6, r6, r8, r9\n\t" \
    "smmla r7, r7, r10, r11\n\t" \
    "ssat r4, #8, r4, asr " MZ_IMMEDIATE(MZ_LINE_SHIFT) "\n\t" \
    "ssat r5, #8, r5, asr " MZ_IMMEDIATE(MZ_LINE_SHIFT) "\n\t" \
    "ssat r6, #8, r6, asr " MZ_IMMEDIATE(MZ_LINE_SHIFT) "\n\t" \
    "ssat r7, #8, r7, asr " MZ_IMMEDIATE(MZ_LINE_SHIFT) "\n\t" \
    "bfi r4, r5, #8, #8\n\t" \
    "bfi r4, r6, #16, #8\n\t" \
    "bfi r4, r7, #24, #8\n\t" \
    "ldr r2, " MZ_AT("sp", ROW_END) "\n\t" \
    "str r4, [r12], #4\n\t" \
    "cmp r1, r2\n\t" \
    "bne " four "\n\t" \
    "ldr r2, " MZ_AT("sp", ROW_PAIRS_END) "\n\t" \
    "add r0, " MZ_IMMEDIATE(pairs_step) "\n\t" \
    "add lr, " MZ_IMMEDIATE(third_step) "\n\t" \
    "cmp r0, r2\n\t" \
    "bne " window "\n\t" \
    "add sp, " MZ_IMMEDIATE(ROW_BYTES) "\n\t" \
    "pop {r4-r11, pc}\n\t"

/* Three input channels: nine pairs of the first two rows, and nine values of the third, by twos. */
__attribute__((naked)) static void run_three(const mz_stem_row *row __attribute__((unused))) {
    __asm__ volatile(
        OPEN(".Lstem_3_window", ".Lstem_3_four")
        TWO("r0", 0) TWO("r0", 8) TWO("r0", 16) TWO("r0", 24) ONE("r0", 32)
        TWO("lr", 0) TWO("lr", 8) ONE("lr", 16)
        CLOSE(24, 12, ".Lstem_3_window", ".Lstem_3_four"));
}

/* One input channel: three pairs of the first two rows, and three values of the third, by twos. */
__attribute__((naked)) static void run_one(const mz_stem_row *row __attribute__((unused))) {
    __asm__ volatile(
        OPEN(".Lstem_1_window", ".Lstem_1_four")
        TWO("r0", 0) ONE("r0", 8) TWO("lr", 0)
        CLOSE(8, 4, ".Lstem_1_window", ".Lstem_1_four"));
}

static void run(const mz_stem_row *row, int32_t channels) {
    (channels == 1 ? run_one : run_three)(row);
}

#else

static void widen(const int8_t *first, const int8_t *second, int16_t *pairs, int16_t *third,
                  int32_t groups) {
    for (int32_t i = 0; i < 4 * groups; i++) {
        pairs[2 * i] = third[i] = (int16_t)(256 * first[i]);
        pairs[2 * i + 1] = (int16_t)(256 * second[i]);
    }
}

/* Two halfwords' products; sums are modulo 2^32, like a register. */
static uint32_t products(int32_t weights, const int16_t *values) {
    const int32_t low = (int16_t)(weights & 0xFFFF);
    return (uint32_t)(low * values[0]) + (uint32_t)((weights >> 16) * values[1]);
}

static void run(const mz_stem_row *row, int32_t channels) {
    const int32_t values = 3 * channels, words = values + (values + 1) / 2;
    const int16_t *pairs = row->pairs, *third = row->third;
    int8_t *output = row->output;
    for (; pairs != row->pairs_end; pairs += 4 * channels, third += 2 * channels) {
        for (const int32_t *packed = row->packed; packed != row->end;
             packed += LANES * (words + 3)) {
            for (int32_t lane = 0; lane < LANES; lane++) {
                const int32_t *weights = packed + LANES + lane;
                uint32_t sum = (uint32_t)packed[lane];
                for (int32_t i = 0; i < words; i++, weights += LANES) {
                    const int16_t *const at = i < values ? pairs + 2 * i : third + 2 * (i - values);
                    sum += products(*weights, at);
                }
                const int32_t *const to = packed + LANES * (words + 1) + 2 * lane;
                *output++ = mz_line_output((int32_t)sum, to[0], to[1], MZ_LINE_SHIFT);
            }
        }
    }
}

#endif

/* The zero point where there is no row, or no value from `first` on. */
static void widen_slowly(const int8_t *upper, const int8_t *lower, int16_t *pairs, int16_t *third,
                         int32_t first, int32_t end, int32_t zero_point) {
    for (int32_t i = first; i < end; i++) {
        pairs[2 * i] = third[i] = (int16_t)(256 * (upper ? upper[i] : zero_point));
        pairs[2 * i + 1] = (int16_t)(256 * (lower ? lower[i] : zero_point));
    }
}

static const int8_t *row_inside(const mz_conv_2d_stem_s8_dsp_params *params, const int8_t *input,
                                int32_t row) {
    const mz_extent image = params->input;
    return row >= 0 && row < image.height ? input + row * image.width * image.channels : NULL;
}

void mz_conv_2d_stem_s8_dsp(const mz_conv_2d_stem_s8_dsp_params *params, const int8_t *input,
                            int8_t *output, int8_t *scratch) {
    const int32_t channels = params->input.channels, zero_point = params->input_zero_point;
    const int32_t read = (2 * params->output.width + 1) * channels; /* values of a row */
    const int32_t given = params->input.width * channels;
    const int32_t inside = given < read ? given : read;
    const int32_t groups = inside / 4;
    const int32_t lane_words = 3 * channels + (3 * channels + 1) / 2 + 3;
    const int32_t row_outputs = params->output.width * params->output.channels;
    int16_t *pairs = (int16_t *)(void *)scratch, *next = pairs + 2 * read;
    int16_t *const third = next + 2 * read;

    for (int32_t y = -1; y < params->output.height; y++) {
        /* The rows above each other in the next window; the upper one is this window's third. */
        const int32_t row = 2 * (y + 1) - params->pad_top;
        const int8_t *const upper = row_inside(params, input, row);
        const int8_t *const lower = row_inside(params, input, row + 1);
        const bool fast = upper && lower && groups > 0;
        if (fast) {
            widen(upper, lower, next, third, groups);
        }
        widen_slowly(upper, lower, next, third, fast ? 4 * groups : 0, inside, zero_point);
        widen_slowly(NULL, NULL, next, third, inside, read, zero_point);
        if (y >= 0) {
            const mz_stem_row at = {
                .pairs = pairs,
                .third = third,
                .packed = params->packed,
                .end = params->packed + params->output.channels * lane_words,
                .output = output,
                .pairs_end = pairs + 4 * channels * params->output.width,
            };
            run(&at, channels);
            mz_move_outputs(output, row_outputs, params->zero_point, params->maximum);
            output += row_outputs;
        }
        int16_t *const done = pairs;
        pairs = next;
        next = done;
    }
}
