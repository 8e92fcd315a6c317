/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_packed_block.h"

#include "kernels/mz_packed_s8.h"

#if MZ_PACKED_ASSEMBLY

#include <stddef.h>

#define OFFSET(field) offsetof(mz_block_job, field)
_Static_assert(OFFSET(output) == 0 && OFFSET(weights_end) == 16 && OFFSET(scratch) == 20 &&
                   OFFSET(skip) == 24 && OFFSET(again) == 28 && OFFSET(scratch_end) == 32 &&
                   OFFSET(outputs) == 36 && OFFSET(weights) == 40 && OFFSET(input) == 44 &&
                   OFFSET(input_step) == 60 && OFFSET(output_step) == 64 &&
                   OFFSET(blocks) == 68 && OFFSET(stream_end) == 72 &&
                   sizeof(mz_block_job) == 76,
               "the assembly below counts on it");
_Static_assert(offsetof(mz_block_planes, step) == 4 && offsetof(mz_block_planes, jump) == 8 &&
                   offsetof(mz_block_planes, panel_words) == 12,
               "and on it");
_Static_assert(MZ_BLOCK_UNROLL == 16 && MZ_LINE_SHIFT == 11, "so does it on these");

/* While a pair of channels is summed up, in r0..r7 the sums (pixel 0: c, c + 1; pixel 1: ...), in
 * r8, r9 the weights of c and c + 1, in r10, r11 activations of two pixels, r12 reads activations,
 * lr the stream. That is all registers; what else is needed stays in the job on the stack. */

/* One activation word of each of two pixels against both weights; `between` goes before the last. */
#define PRODUCTS(a, b, c, d, between) \
    "smlad " a ", r8, r10, " a "\n\t" \
    "smlad " b ", r9, r10, " b "\n\t" \
    "smlad " c ", r8, r11, " c "\n\t" \
    between \
    "smlad " d ", r9, r11, " d "\n\t"

/* The same for the first quad, where sums begin at r6 and r7. */
#define FIRST_PRODUCTS(a, b, c, d, between) \
    "smlad " a ", r8, r10, r6\n\t" \
    "smlad " b ", r9, r10, r7\n\t" \
    "smlad " c ", r8, r11, r6\n\t" \
    between \
    "smlad " d ", r9, r11, r7\n\t"

#define LOAD "ldrd r10, r11, [r12], #8\n\t"

/* Each weight is unpacked as soon as it has been used raw: before a product, so that the core may
 * issue both at once. */
#define BOTH_FORMS(FIRST_OR_NOT) \
    LOAD \
    FIRST_OR_NOT("r0", "r1", "r2", "r3", "") \
    LOAD \
    FIRST_OR_NOT("r4", "r5", "r6", "r7", "sxtb16 r8, r8\n\t") \
    LOAD \
    "sxtb16 r9, r9\n\t" \
    PRODUCTS("r0", "r1", "r2", "r3", "") \
    LOAD \
    PRODUCTS("r4", "r5", "r6", "r7", "")

/* 23 instructions of 4 bytes for 32 products. */
#define QUAD \
    "ldrd r8, r9, [lr], #8\n\t" \
    BOTH_FORMS(PRODUCTS)

/* A quad of each of four pixels in r4..r7, to its odd activations there and the mixed ones in
 * r8..r11. 127 - x1 as an unsigned byte is x1 ^ 0x7F. */
#define MIX \
    "rev16 r8, r4\n\t" \
    "rev16 r9, r5\n\t" \
    "rev16 r10, r6\n\t" \
    "rev16 r11, r7\n\t" \
    "sxtb16 r4, r4, ror #8\n\t" \
    "sxtb16 r5, r5, ror #8\n\t" \
    "sxtb16 r6, r6, ror #8\n\t" \
    "sxtb16 r7, r7, ror #8\n\t" \
    "eor r8, r8, #0x007F007F\n\t" \
    "eor r9, r9, #0x007F007F\n\t" \
    "eor r10, r10, #0x007F007F\n\t" \
    "eor r11, r11, #0x007F007F\n\t"

/* Four pixels of one channel. r8, r9, r10: multiplier, offset, shift. */
#define EXACT_OUTPUTS(sums) \
    ".irp sum, " sums "\n\t" \
    "asrs r11, \\sum, #31\n\t" \
    "add r11, r9, r11, lsl #7\n\t" \
    "smmla \\sum, \\sum, r8, r11\n\t" \
    "asr \\sum, \\sum, r10\n\t" \
    "ssat \\sum, #8, \\sum\n\t" \
    ".endr\n\t"

/* r8, r9, r10: multiplier of c, of c + 1, offset. */
#define LINEAR_OUTPUTS \
    ".irp sum, r0, r2, r4, r6\n\t" \
    "smmla \\sum, \\sum, r8, r10\n\t" \
    ".endr\n\t" \
    ".irp sum, r1, r3, r5, r7\n\t" \
    "smmla \\sum, \\sum, r9, r10\n\t" \
    ".endr\n\t" \
    ".irp sum, r0, r1, r2, r3, r4, r5, r6, r7\n\t" \
    "ssat \\sum, #8, \\sum, asr #11\n\t" \
    ".endr\n\t"

/* In place: what is written at a quad of the lower half has been read from the upper. */
__attribute__((naked, noinline)) void mz_block_mix(const mz_block_job *job
                                                   __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldr r1, [r0, #20]\n\t"
        "ldr r2, [r0, #32]\n\t"
        "sub r0, r2, r1\n\t"
        "add r0, r1, r0, lsr #1\n\t"
        "1:\n\t"
        "ldm r0!, {r4-r7}\n\t"
        MIX
        "stm r1!, {r4-r11}\n\t"
        "cmp r1, r2\n\t"
        "bne 1b\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* Aligned for adr, which counts from a multiple of 4: at -Os functions are only on even addresses. */
__attribute__((naked, noinline, aligned(4))) void mz_block_run(const mz_block_job *job
                                                               __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "add r0, #36\n\t"
        "ldm r0, {r1-r10}\n\t"
        "push {r1-r10}\n\t"
        "sub r0, #36\n\t"
        "ldm r0, {r1-r9}\n\t"
        "push {r1-r9}\n\t"
        /* skip becomes the address at which the unrolled loop is entered, outputs the one at which
         * sums become outputs, again the one to go to from the end of the loop. */
        "ldr r0, [sp, #24]\n\t"
        "adr.w r1, 4f\n\t"
        "mov r2, #92\n\t"
        "mla r0, r0, r2, r1\n\t"
        "orr r0, r0, #1\n\t"
        "ldr r1, [sp, #36]\n\t"
        "adr.w r2, 6f\n\t"
        "cbz r1, 10f\n\t"
        "adr.w r2, 7f\n\t"
        "cmp r1, #1\n\t"
        "beq 10f\n\t"
        "adr.w r2, 13f\n\t"
        "10:\n\t"
        "orr r2, r2, #1\n\t"
        "str r2, [sp, #36]\n\t"
        "ldr r1, [sp, #28]\n\t"
        "cbz r1, 11f\n\t"
        "adr.w r2, 5f\n\t"
        "orr r2, r2, #1\n\t"
        "11:\n\t"
        "strd r0, r2, [sp, #24]\n\t"

        /* A block: mix four pixels into the scratch buffer. */
        "1:\n\t"
        "add lr, sp, #44\n\t"
        "ldm lr, {r0-r3}\n\t"
        "cmp r0, #0\n\t"
        "beq 12f\n\t"
        "ldr r12, [sp, #20]\n\t"
        "ldr lr, [sp, #32]\n\t"
        "2:\n\t"
        "ldr r4, [r0], #4\n\t"
        "ldr r5, [r1], #4\n\t"
        "ldr r6, [r2], #4\n\t"
        "ldr r7, [r3], #4\n\t"
        MIX
        "stm r12!, {r4-r11}\n\t"
        "cmp r12, lr\n\t"
        "bne 2b\n\t"
        "ldr r4, [sp, #60]\n\t"
        "add r0, r4\n\t"
        "add r1, r4\n\t"
        "add r2, r4\n\t"
        "add r3, r4\n\t"
        "add lr, sp, #44\n\t"
        "stm lr, {r0-r3}\n\t"
        "12:\n\t"
        "ldr lr, [sp, #40]\n\t"
        "ldr r12, [sp, #20]\n\t"

        /* A pair of channels: start values and the first quad. */
        "3:\n\t"
        "ldm lr!, {r6-r9}\n\t"
        BOTH_FORMS(FIRST_PRODUCTS)
        "ldr pc, [sp, #24]\n\t"
        "4:\n\t"
        ".rept 16\n\t"
        QUAD
        ".endr\n\t"
        "ldr pc, [sp, #28]\n\t"

        /* Another pass? */
        "5:\n\t"
        "ldr r8, [sp, #32]\n\t"
        "cmp r12, r8\n\t"
        "bne 4b\n\t"
        "ldr pc, [sp, #36]\n\t"

        /* MZ_BLOCK_LINE */
        "6:\n\t"
        "ldm lr!, {r8-r10}\n\t"
        LINEAR_OUTPUTS
        "8:\n\t"
        "bfi r0, r1, #8, #8\n\t"
        "bfi r2, r3, #8, #8\n\t"
        "bfi r4, r5, #8, #8\n\t"
        "bfi r6, r7, #8, #8\n\t"
        "ldm sp, {r5, r7-r10, r12}\n\t"
        "strh r0, [r5], #2\n\t"
        "strh r2, [r7], #2\n\t"
        "strh r4, [r8], #2\n\t"
        "strh r6, [r9], #2\n\t"
        "stm sp, {r5, r7-r9}\n\t"
        "cmp lr, r10\n\t"
        "blo 3b\n\t"

        /* The block is done, but for a last channel without a partner: it comes with the one before
         * it, so every pixel steps one channel back. */
        "ldr r10, [sp, #72]\n\t"
        "cmp lr, r10\n\t"
        "bne 9f\n\t"
        "ldr r0, [sp, #64]\n\t"
        "add r5, r0\n\t"
        "add r7, r0\n\t"
        "add r8, r0\n\t"
        "add r9, r0\n\t"
        "stm sp, {r5, r7-r9}\n\t"
        "15:\n\t"
        "ldr r0, [sp, #68]\n\t"
        "subs r0, #1\n\t"
        "str r0, [sp, #68]\n\t"
        "bne 1b\n\t"
        "add sp, #76\n\t"
        "pop {r4-r11, pc}\n\t"
        "9:\n\t"
        "sub r5, #1\n\t"
        "sub r7, #1\n\t"
        "sub r8, #1\n\t"
        "sub r9, #1\n\t"
        "stm sp, {r5, r7-r9}\n\t"
        "b 3b\n\t"

        /* MZ_BLOCK_EXACT */
        "7:\n\t"
        "ldm lr!, {r8-r10}\n\t"
        EXACT_OUTPUTS("r0, r2, r4, r6")
        "ldm lr!, {r8-r10}\n\t"
        EXACT_OUTPUTS("r1, r3, r5, r7")
        "b 8b\n\t"

        /* MZ_BLOCK_TO_PLANES */
        "13:\n\t"
        "ldm lr!, {r8-r10}\n\t"
        LINEAR_OUTPUTS
        "pkhbt r0, r0, r2, lsl #16\n\t"
        "pkhbt r2, r4, r6, lsl #16\n\t"
        "pkhbt r1, r1, r3, lsl #16\n\t"
        "pkhbt r3, r5, r7, lsl #16\n\t"
        "ldm sp, {r4-r7, r10, r12}\n\t"
        "strd r0, r2, [r4]\n\t"
        "add r4, r5\n\t"
        "strd r1, r3, [r4]\n\t"
        "add r4, r5\n\t"
        "str r4, [sp]\n\t"
        "cmp lr, r10\n\t"
        "blo 3b\n\t"
        /* A panel is done, or all of them. */
        "ldr r8, [sp, #72]\n\t"
        "cmp lr, r8\n\t"
        "beq 14f\n\t"
        "add r4, r6\n\t"
        "add r10, r10, r7, lsl #2\n\t"
        "cmp r10, r8\n\t"
        "it hi\n\t"
        "movhi r10, r8\n\t"
        "str r4, [sp]\n\t"
        "str r10, [sp, #16]\n\t"
        "b 3b\n\t"
        "14:\n\t"
        "ldr r0, [sp, #64]\n\t"
        "ldr r10, [sp, #40]\n\t"
        "add r4, r0\n\t"
        "add r10, r10, r7, lsl #2\n\t"
        "cmp r10, r8\n\t"
        "it hi\n\t"
        "movhi r10, r8\n\t"
        "str r4, [sp]\n\t"
        "str r10, [sp, #16]\n\t"
        "b 15b\n\t");
}

#else

/* The twin keeps activations as they are, in the upper half of the scratch buffer. */
static int8_t *upper_half(const mz_block_job *job) {
    return (int8_t *)(job->scratch + (job->scratch_end - job->scratch) / 2);
}

static void read_block(const int8_t *const *input, int32_t depth, int8_t *to) {
    for (int32_t k = 0; k < depth; k += 4) {
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            for (int32_t j = 0; j < 4; j++) {
                *to++ = input[i][k + j];
            }
        }
    }
}

/* weights: every second word of the stream. */
static int32_t sum_of(int32_t start, const int32_t *weights, const int8_t *x, int32_t quads) {
    uint32_t sum = (uint32_t)start;
    for (int32_t quad = 0; quad < quads; quad++) {
        sum = mz_add_quad(sum, weights[2 * quad], x + 4 * MZ_BLOCK_PIXELS * quad);
    }
    return (int32_t)sum;
}

/* The outputs of pixel 0: c, c + 1; pixel 1: ... Returns what follows in the stream. */
static const int32_t *run_pair(const mz_block_job *job, int32_t quads, const int32_t *stream,
                               int8_t *outputs) {
    const int32_t *const weights = stream + 2, *const to = weights + 2 * quads;
    const int8_t *x = upper_half(job);
    const int32_t exact = job->outputs == MZ_BLOCK_EXACT;
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++, x += 4) {
        for (int32_t c = 0; c < 2; c++) {
            const int32_t sum = sum_of(stream[c], weights + c, x, quads);
            *outputs++ = exact ? mz_exact_output(sum, to[3 * c], to[3 * c + 1], to[3 * c + 2])
                               : mz_line_output(sum, to[c], to[2]);
        }
    }
    return to + (exact ? 6 : 3);
}

/* These return, or leave behind, where the channels' last outputs ended. */
static void run_to_pixels(const mz_block_job *job, int32_t quads, int8_t **output) {
    for (const int32_t *stream = job->weights; stream != job->stream_end;) {
        /* A last channel without a partner comes with the one before it. */
        const int32_t back = stream == job->weights_end ? 1 : 0;
        int8_t outputs[2 * MZ_BLOCK_PIXELS];
        stream = run_pair(job, quads, stream, outputs);
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            output[i] -= back;
            *output[i]++ = outputs[2 * i];
            *output[i]++ = outputs[2 * i + 1];
        }
    }
}

static int16_t *run_to_planes(const mz_block_job *job, int32_t quads, int16_t *output) {
    const int32_t *panel_end = job->weights_end;
    for (const int32_t *stream = job->weights; stream != job->stream_end;) {
        if (stream == panel_end) {
            output += job->planes.jump / 2;
            panel_end += job->planes.panel_words;
        }
        int8_t outputs[2 * MZ_BLOCK_PIXELS];
        stream = run_pair(job, quads, stream, outputs);
        for (int32_t i = 0; i < 2 * MZ_BLOCK_PIXELS; i++) {
            output[i % 2 * (job->planes.step / 2) + i / 2] = outputs[i];
        }
        output += job->planes.step;
    }
    return output;
}

void mz_block_mix(const mz_block_job *job) {
    (void)job;
}

void mz_block_run(const mz_block_job *job) {
    const int32_t quads = (int32_t)(job->scratch_end - job->scratch) / 8;
    const int32_t to_planes = job->outputs == MZ_BLOCK_TO_PLANES;
    const int8_t *input[MZ_BLOCK_PIXELS];
    int8_t *output[MZ_BLOCK_PIXELS];
    int16_t *planes = to_planes ? job->planes.output : 0;
    for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
        input[i] = job->input[i];
        output[i] = to_planes ? 0 : job->output[i];
    }
    for (int32_t block = 0; block < job->blocks; block++) {
        if (job->input[0]) {
            read_block(input, 4 * quads, upper_half(job));
        }
        if (to_planes) {
            planes = run_to_planes(job, quads, planes) + job->output_step / 2;
        } else {
            run_to_pixels(job, quads, output);
        }
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            input[i] = job->input[0] ? input[i] + job->input_step + 4 * quads : input[i];
            output[i] = to_planes ? 0 : output[i] + job->output_step;
        }
    }
}

#endif
