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
    const int16_t *pairs_end; /* behind the first values of all windows, of which there are two */
    int32_t channels;         /* of the output */
    int32_t inputs;           /* channels of the input */
} mz_stem_row;

#if MZ_ASSEMBLY

#define IS_FIELD(field, number) (offsetof(mz_stem_row, field) == 4 * (number))
_Static_assert(IS_FIELD(pairs, 0) && IS_FIELD(third, 1) && IS_FIELD(packed, 2) &&
                   IS_FIELD(end, 3) && IS_FIELD(output, 4) && IS_FIELD(pairs_end, 5) &&
                   IS_FIELD(channels, 6) && IS_FIELD(inputs, 7) && LANES == 4,
               "the assembly below counts on these");

/* On the stack: the argument that does not fit into registers, groups, behind the nine registers
 * that are pushed. */
#define WIDEN_GROUPS_ARGUMENT 36

/* Two rows, four values of each at a time. Registers:
 *
 *   r0 r1  read the upper and the lower row    r8 r6       upper values 0 and 2, 1 and 3
 *   r2     writes pairs                        r9 r7       lower values 0 and 2, 1 and 3
 *   r3     writes the third row                r10..lr     pairs; values of the third row in r9, r8
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
        "subs r5, #1\n\t"
        "and r8, r4, r6, lsl #8\n\t"
        "and r6, r4, r6\n\t"
        "and r9, r4, r7, lsl #8\n\t"
        "and r7, r4, r7\n\t"
        "pkhtb lr, r7, r6, asr #16\n\t"
        "pkhbt r11, r6, r7, lsl #16\n\t"
        "str lr, [r2, #12]\n\t"
        "pkhbt r10, r8, r9, lsl #16\n\t"
        "str r11, [r2, #4]\n\t"
        "pkhtb r12, r9, r8, asr #16\n\t"
        "str r12, [r2, #8]\n\t"
        "pkhbt r9, r8, r6, lsl #16\n\t"
        "str r10, [r2], #16\n\t"
        "pkhtb r8, r6, r8, asr #16\n\t"
        "str r8, [r3, #4]\n\t"
        "str r9, [r3], #8\n\t"
        "bne .Lstem_widen_group\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* On the stack while a row is computed, bytes from sp: the fields of mz_stem_row. */
#define ROW_PAIRS 0      /* that the first of two windows reads */
#define ROW_THIRD 4      /* and of the third row */
#define ROW_PACKED 8     /* of the first four channels */
#define ROW_END 12       /* behind those of the last */
#define ROW_OUTPUT 16    /* four channels of the first window */
#define ROW_PAIRS_END 20 /* behind the first values of all windows */
#define ROW_CHANNELS 24  /* bytes from one window's outputs to the next one's */
#define ROW_INPUTS 28    /* channels of a value */
#define ROW_ENTRY 32     /* the address of the code for so many */
#define ROW_BYTES 36

#define ON_STACK(name) MZ_AT("sp", ROW_##name)

/* Two windows side by side and four channels at a time. Registers:
 *
 *   r0      reads pairs, then the third row     r4..r7    sums of the first window, by channel
 *   r1      reads the stream of weights         r8..r11   of the second
 *   r2 r3   a word of values of each window     r12 lr    weights of a channel, in turns
 *
 * then r2, r3, r12 and lr are multipliers and offsets, two channels in turns. */

/* One word of values of each window against four channels' weights, which begin at `weights` from
 * r1: each load stands beside a product, and two products before the one that needs it. Finds the
 * first channel's weights in r12, and leaves there what follows these. from: where sums begin.
 * also: an instruction with a free place. a, b: the next word of values. */
#define WORD(weights, from, also, a, b) \
    "ldr lr, " MZ_AT("r1", weights + 4) "\n\t" \
    "smlad r8, r12, r3, " from(8, 4) "\n\t" \
    "smlad r4, r12, r2, r4\n\t" \
    "ldr r12, " MZ_AT("r1", weights + 8) "\n\t" \
    "smlad r9, lr, r3, " from(9, 5) "\n\t" \
    also \
    "smlad r5, lr, r2, r5\n\t" \
    "ldr lr, " MZ_AT("r1", weights + 12) "\n\t" \
    "smlad r10, r12, r3, " from(10, 6) "\n\t" \
    "smlad r6, r12, r2, r6\n\t" \
    "ldr r12, " MZ_AT("r1", weights + 16) "\n\t" \
    "smlad r11, lr, r3, " from(11, 7) "\n\t" \
    "ldr r3, " b "\n\t" \
    "smlad r7, lr, r2, r7\n\t" \
    "ldr r2, " a "\n\t"

#define FIRST(second, first) "r" #first
#define NEXT(second, first) "r" #second
/* A word of pairs or of the third row; the next one is there, too. The windows are `step` apart. */
#define INSIDE(weights, offset, step) \
    WORD(weights, NEXT, "", MZ_AT("r0", offset + 4), MZ_AT("r0", offset + 4 + step))
/* The last one of the pairs, and of all. */
#define TO_THIRD(weights, step) \
    WORD(weights, NEXT, "ldr r0, " ON_STACK(THIRD) "\n\t", "[r0]", MZ_AT("r0", step))
#define LAST(weights) \
    WORD(weights, NEXT, "", MZ_AT("r1", weights + 24), MZ_AT("r1", weights + 28))

/* What four channels begin with, and the first word; step: from window to window. */
#define FIRST_WORD(step) \
    "ldr r3, " MZ_AT("r0", step) "\n\t" \
    WORD(0, FIRST, "", "[r0, #4]", MZ_AT("r0", 4 + step))

/* Bytes of four channels' weights for a word of values. */
#define WEIGHTS(word) 16 * word

#define SATURATE(sum) "ssat " sum ", #8, " sum ", asr " MZ_IMMEDIATE(MZ_LINE_SHIFT) "\n\t"

/* Windows are two by two; of an odd number of them one is computed twice. */
__attribute__((naked, aligned(4))) static void run(const mz_stem_row *row __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r1-r8}\n\t"
        /* ROW_ENTRY. The lowest bit of an address that is jumped to says Thumb. */
        "adr.w r9, .Lstem_three\n\t"
        "cmp r8, #1\n\t"
        "it eq\n\t"
        "adreq.w r9, .Lstem_one\n\t"
        "orr r9, r9, #1\n\t"
        "push {r1-r9}\n\t"
        ".Lstem_window:\n\t"
        "ldr r1, " ON_STACK(PACKED) "\n\t"
        ".Lstem_four:\n\t"
        "ldr r0, " ON_STACK(PAIRS) "\n\t"
        "ldr r12, [r1, #16]\n\t"
        "ldm r1!, {r4-r7}\n\t"
        "ldr r2, [r0]\n\t"
        "ldr pc, " ON_STACK(ENTRY) "\n\t"

        /* One input channel: three pairs of the first two rows, and three values of the third, by
         * twos. */
        ".Lstem_one:\n\t"
        FIRST_WORD(8)
        INSIDE(WEIGHTS(1), 4, 8) TO_THIRD(WEIGHTS(2), 4)
        INSIDE(WEIGHTS(3), 0, 4) LAST(WEIGHTS(4))
        "add r1, " MZ_IMMEDIATE(WEIGHTS(5)) "\n\t"
        "b .Lstem_outputs\n\t");
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        /* Three: nine pairs of the first two rows, and nine values of the third, by twos. */
        ".Lstem_three:\n\t"
        FIRST_WORD(24)
        INSIDE(WEIGHTS(1), 4, 24) INSIDE(WEIGHTS(2), 8, 24) INSIDE(WEIGHTS(3), 12, 24)
        INSIDE(WEIGHTS(4), 16, 24) INSIDE(WEIGHTS(5), 20, 24) INSIDE(WEIGHTS(6), 24, 24)
        INSIDE(WEIGHTS(7), 28, 24) TO_THIRD(WEIGHTS(8), 12));
    __asm__ volatile(
        INSIDE(WEIGHTS(9), 0, 12) INSIDE(WEIGHTS(10), 4, 12) INSIDE(WEIGHTS(11), 8, 12)
        INSIDE(WEIGHTS(12), 12, 12) LAST(WEIGHTS(13))
        "add r1, " MZ_IMMEDIATE(WEIGHTS(14)) "\n\t"

        /* Eight sums to eight outputs. r1: at the scales; the first and the second channel's are in
         * r12, and in r2 and r3. */
        ".Lstem_outputs:\n\t"
        "smmla r9, r9, r2, r3\n\t"
        "ldr lr, [r1, #4]\n\t"
        "smmla r5, r5, r2, r3\n\t"
        "ldr r2, [r1, #24]\n\t"
        "smmla r4, r4, r12, lr\n\t"
        "ldr r3, [r1, #28]\n\t"
        "smmla r8, r8, r12, lr\n\t"
        "ldr lr, [r1, #20]\n\t"
        SATURATE("r9")
        "ldr r12, [r1, #16]\n\t"
        "smmla r7, r7, r2, r3\n\t"
        SATURATE("r8")
        "smmla r10, r10, r12, lr\n\t"
        SATURATE("r4")
        "smmla r11, r11, r2, r3\n\t"
        SATURATE("r5")
        SATURATE("r7")
        "smmla r6, r6, r12, lr\n\t"
        "bfi r8, r9, #8, #8\n\t"
        "ldr r2, " ON_STACK(END) "\n\t"
        SATURATE("r11")
        "ldr lr, " ON_STACK(CHANNELS) "\n\t"
        SATURATE("r10")
        "add r1, #32\n\t"
        "bfi r4, r5, #8, #8\n\t"
        "ldr r12, " ON_STACK(OUTPUT) "\n\t"
        "bfi r10, r11, #8, #8\n\t"
        SATURATE("r6")
        "bfi r6, r7, #8, #8\n\t"
        "cmp r1, r2\n\t"
        "pkhbt r8, r8, r10, lsl #16\n\t"
        "str r8, [r12, lr]\n\t"
        "pkhbt r4, r4, r6, lsl #16\n\t"
        "str r4, [r12], #4\n\t"
        "str r12, " ON_STACK(OUTPUT) "\n\t"
        "bne .Lstem_four\n\t");
    __asm__ volatile(
        /* The next two windows: a pair is 4 bytes, a value of the third row 2, and a window begins two
         * pixels behind the one before. */
        "ldrd r2, r3, " ON_STACK(PAIRS) "\n\t"
        "ldr r4, " ON_STACK(PAIRS_END) "\n\t"
        "ldr r6, " ON_STACK(INPUTS) "\n\t"
        "add r12, lr\n\t"
        "add r2, r2, r6, lsl #4\n\t"
        "add r3, r3, r6, lsl #3\n\t"
        "add r5, r2, r6, lsl #3\n\t"
        "cmp r5, r4\n\t"
        "bne .Lstem_odd\n\t"
        "sub r2, r2, r6, lsl #3\n\t"
        "sub r3, r3, r6, lsl #2\n\t"
        "sub r12, lr\n\t"
        ".Lstem_odd:\n\t"
        "strd r2, r3, " ON_STACK(PAIRS) "\n\t"
        "str r12, " ON_STACK(OUTPUT) "\n\t"
        "cmp r2, r4\n\t"
        "bne .Lstem_window\n\t"
        "add sp, " MZ_IMMEDIATE(ROW_BYTES) "\n\t"
        "pop {r4-r11, pc}\n\t");
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

static void run(const mz_stem_row *row) {
    const int32_t channels = row->inputs;
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
                .channels = params->output.channels,
                .inputs = channels,
            };
            run(&at);
            mz_move_outputs(output, row_outputs, params->zero_point, params->maximum);
            output += row_outputs;
        }
        int16_t *const done = pairs;
        pairs = next;
        next = done;
    }
}
