/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_packed_block.h"

#include "kernels/mz_assembly.h"
#include "kernels/mz_packed_s8.h"
#include "kernels/mz_requantization.h"

#if MZ_ASSEMBLY

#include <stddef.h>

/* The job, copied to the stack as it is: bytes from sp, or from the job itself in mz_block_mix_pixels.
 *
 *   bytes   name                     what is there
 *   0..15   JOB_OUTPUT               where each pixel's next output goes; or, to planes:
 *     0     JOB_OUTPUT               the next plane's four columns
 *     4     (step)                   bytes from plane to plane
 *     8     (jump)                   more of them behind a panel
 *     12    (panel_words)            of the stream, for one panel
 *   16      JOB_WEIGHTS_END          behind the last whole pair; to planes: behind the panel
 *   20      JOB_SCRATCH              mixed activations of the block
 *   24      JOB_SKIP, JOB_ENTRY      quads to skip; then the address where the loop is entered
 *   28      JOB_AGAIN, JOB_LOOP_END  several passes? then the address to go to behind the loop
 *   32      JOB_SCRATCH_END
 *   36      JOB_OUTPUTS, JOB_WAY     MZ_BLOCK_LINE, ..; then the address of that way's code
 *   40      JOB_WEIGHTS              the first pair's stream
 *   44..59  JOB_INPUT                where each pixel's next quad is read
 *   60      JOB_INPUT_STEP           from behind a pixel to its place in the next block
 *   64      JOB_OUTPUT_STEP
 *   68      JOB_BLOCKS               blocks that are left
 *   72      JOB_STREAM_END           behind the last channel's stream */
#define JOB_OUTPUT 0
#define JOB_WEIGHTS_END 16
#define JOB_SCRATCH 20
#define JOB_SKIP 24
#define JOB_AGAIN 28
#define JOB_SCRATCH_END 32
#define JOB_OUTPUTS 36
#define JOB_WEIGHTS 40
#define JOB_INPUT 44
#define JOB_INPUT_STEP 60
#define JOB_OUTPUT_STEP 64
#define JOB_BLOCKS 68
#define JOB_STREAM_END 72
#define JOB_BYTES 76
/* What the assembly puts in place of what it has read. */
#define JOB_ENTRY JOB_SKIP
#define JOB_LOOP_END JOB_AGAIN
#define JOB_WAY JOB_OUTPUTS

#define ON_STACK(name) MZ_AT("sp", JOB_##name)

#define IS_AT(field, name) (offsetof(mz_block_job, field) == JOB_##name)
_Static_assert(IS_AT(output, OUTPUT) && IS_AT(weights_end, WEIGHTS_END) &&
                   IS_AT(scratch, SCRATCH) && IS_AT(skip, SKIP) && IS_AT(again, AGAIN) &&
                   IS_AT(scratch_end, SCRATCH_END) && IS_AT(outputs, OUTPUTS) &&
                   IS_AT(weights, WEIGHTS) && IS_AT(input, INPUT) &&
                   IS_AT(input_step, INPUT_STEP) && IS_AT(output_step, OUTPUT_STEP) &&
                   IS_AT(blocks, BLOCKS) && IS_AT(stream_end, STREAM_END) &&
                   sizeof(mz_block_job) == JOB_BYTES,
               "the assembly below counts on it");
_Static_assert(offsetof(mz_block_planes, output) == 0 && offsetof(mz_block_planes, step) == 4 &&
                   offsetof(mz_block_planes, jump) == 8 &&
                   offsetof(mz_block_planes, panel_words) == 12,
               "ldm takes these four, weights_end and scratch in this order");
_Static_assert(MZ_BLOCK_LINE == 0 && MZ_BLOCK_EXACT == 1 && MZ_BLOCK_TO_PLANES == 2,
               "and it tells them apart by these");

/* One quad in the unrolled loop: 30 instructions of 4 bytes for 32 products. */
#define QUAD_BYTES 120

/* Registers while a pair of channels is summed up. That is all of them; what else is needed is on
 * the stack.
 *
 *   r0 r1    sums of pixel 0, channels c and c + 1
 *   r2 r3    of pixel 1
 *   r4 r5    of pixel 2
 *   r6 r7    of pixel 3
 *   r8 r9    weights of c and of c + 1
 *   r10 r11  activations of two pixels
 *   r12      reads mixed activations
 *   lr       reads the stream of weights */

/* A quad: 32 products. r8..r11 hold its weights and first activations when it begins, and those of
 * the next one when it ends: then r12 is at its first activation and lr behind its weights. A load
 * stands beside a product, so that the core issues both at once, and two products before the one
 * that needs it. first and second name the registers to which sums of c and c + 1 are added; next_a
 * and next_b load the next quad's first activations, in 4 bytes each. */
#define QUAD_FROM(first, second, next_a, next_b) \
    "smlad r0, r8, r10, " first(0) "\n\t" \
    "smlad r1, r9, r10, " second(1) "\n\t" \
    "ldr.w r10, [r12, #8]\n\t" \
    "smlad r2, r8, r11, " first(2) "\n\t" \
    "add.w lr, lr, #8\n\t" \
    "smlad r3, r9, r11, " second(3) "\n\t" \
    "ldr.w r11, [r12, #12]\n\t" \
    "smlad r4, r8, r10, " first(4) "\n\t" \
    "smlad r5, r9, r10, " second(5) "\n\t" \
    "ldr.w r10, [r12, #16]\n\t" \
    "smlad r6, r8, r11, r6\n\t" \
    "sxtb16 r8, r8\n\t" \
    "smlad r7, r9, r11, r7\n\t" \
    "ldr.w r11, [r12, #20]\n\t" \
    "smlad r0, r8, r10, r0\n\t" \
    "sxtb16 r9, r9\n\t" \
    "add.w r12, r12, #32\n\t" \
    "smlad r1, r9, r10, r1\n\t" \
    "ldr r10, [r12, #-8]\n\t" \
    "smlad r2, r8, r11, r2\n\t" \
    "smlad r3, r9, r11, r3\n\t" \
    "ldr r11, [r12, #-4]\n\t" \
    "smlad r4, r8, r10, r4\n\t" \
    "smlad r5, r9, r10, r5\n\t" \
    next_a \
    "smlad r6, r8, r11, r6\n\t" \
    "ldr r8, [lr, #-8]\n\t" \
    "smlad r7, r9, r11, r7\n\t" \
    "ldr r9, [lr, #-4]\n\t" \
    next_b

#define SAME(register) "r" #register
#define FROM_R6(register) "r6"
#define FROM_R7(register) "r7"
#define NEXT_A "ldr.w r10, [r12]\n\t"
#define NEXT_B "ldr.w r11, [r12, #4]\n\t"
#define QUAD QUAD_FROM(SAME, SAME, NEXT_A, NEXT_B)
/* The first quad, where sums begin at r6 and r7. */
#define FIRST_QUAD QUAD_FROM(FROM_R6, FROM_R7, NEXT_A, NEXT_B)
/* The unrolled loop's last one, which tells whether the activations are at their end. */
#define END "ldr.w r10, " ON_STACK(SCRATCH_END) "\n\t"
#define LAST_QUAD QUAD_FROM(SAME, SAME, END, "cmp.w r12, r10\n\t")

/* A quad of each of four pixels, read at r0..r3, to its even activations in r4..r7 and the mixed ones
 * in r8..r11, written at r12. 127 - x0 as an unsigned byte is x0 ^ 0x7F. */
#define MIX \
    "ldr r5, [r1], #4\n\t" \
    "ldr r7, [r3], #4\n\t" \
    "ldr r4, [r0], #4\n\t" \
    "ldr r6, [r2], #4\n\t" \
    "eor r9, r5, #0x007F007F\n\t" \
    "sxtb16 r5, r5\n\t" \
    "eor r8, r4, #0x007F007F\n\t" \
    "sxtb16 r4, r4\n\t" \
    "eor r10, r6, #0x007F007F\n\t" \
    "sxtb16 r6, r6\n\t" \
    "eor r11, r7, #0x007F007F\n\t" \
    "sxtb16 r7, r7\n\t" \
    "stm r12!, {r4-r11}\n\t"

/* Four pixels of one channel in r0, r2, r4 and r6, then of the next. r8, r9, r10: multiplier,
 * offset, shift. What the sign takes from the offset is in r11 or r12. */
#define EXACT_OUTPUTS \
    "asr r11, r0, #31\n\t" \
    "asr r12, r2, #31\n\t" \
    "add r12, r9, r12, lsl #7\n\t" \
    "ldr r10, [lr], #4\n\t" \
    "add r11, r9, r11, lsl #7\n\t" \
    "smmla r2, r2, r8, r12\n\t" \
    "asr r12, r6, #31\n\t" \
    "smmla r0, r0, r8, r11\n\t" \
    "add r12, r9, r12, lsl #7\n\t" \
    "asr r11, r4, #31\n\t" \
    "smmla r6, r6, r8, r12\n\t" \
    "add r11, r9, r11, lsl #7\n\t" \
    "smmla r4, r4, r8, r11\n\t" \
    "asr r2, r2, r10\n\t" \
    "asr r0, r0, r10\n\t" \
    "asr r12, r3, #31\n\t" \
    "asr r6, r6, r10\n\t" \
    "asr r4, r4, r10\n\t" \
    "ldm lr!, {r8-r10}\n\t" \
    "add r12, r9, r12, lsl #7\n\t" \
    "asr r11, r1, #31\n\t" \
    "ssat r4, #8, r4\n\t" \
    "smmla r3, r3, r8, r12\n\t" \
    "ssat r2, #8, r2\n\t" \
    "asr r12, r7, #31\n\t" \
    "asr r3, r3, r10\n\t" \
    "add r11, r9, r11, lsl #7\n\t" \
    "smmla r1, r1, r8, r11\n\t" \
    "add r12, r9, r12, lsl #7\n\t" \
    "ssat r6, #8, r6\n\t" \
    "asr r11, r5, #31\n\t" \
    "add r11, r9, r11, lsl #7\n\t" \
    "asr r1, r1, r10\n\t" \
    "ssat r1, #8, r1\n\t" \
    "smmla r5, r5, r8, r11\n\t" \
    "ssat r0, #8, r0\n\t" \
    "smmla r7, r7, r8, r12\n\t" \
    "ssat r3, #8, r3\n\t" \
    "asr r5, r5, r10\n\t" \
    "ssat r5, #8, r5\n\t" \
    "asr r7, r7, r10\n\t" \
    "ssat r7, #8, r7\n\t"

/* Four pixels of two channels. r8, r9, r10: multiplier of c, of c + 1, offset. The core issues a
 * saturation and the product behind it at once, and the last saturations with what follows. */
#define SATURATE(sum) "ssat " sum ", #8, " sum ", asr " MZ_IMMEDIATE(MZ_PACKED_LINE_SHIFT) "\n\t"
#define LINEAR_OUTPUTS \
    "ldr r10, [lr], #4\n\t" \
    "smmla r6, r6, r8, r10\n\t" \
    "smmla r3, r3, r9, r10\n\t" \
    "smmla r0, r0, r8, r10\n\t" \
    SATURATE("r6") \
    "smmla r7, r7, r9, r10\n\t" \
    SATURATE("r3") \
    "smmla r1, r1, r9, r10\n\t" \
    SATURATE("r0") \
    "smmla r5, r5, r9, r10\n\t" \
    SATURATE("r7") \
    "smmla r2, r2, r8, r10\n\t" \
    SATURATE("r1") \
    "smmla r4, r4, r8, r10\n\t" \
    SATURATE("r5") \
    SATURATE("r2")

__attribute__((naked, noinline)) void mz_block_mix_pixels(
    const mz_block_job *job __attribute__((unused)),
    const int8_t *const *pixels __attribute__((unused)), int32_t quad __attribute__((unused)),
    int32_t bytes __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldr r12, " MZ_AT("r0", JOB_SCRATCH) "\n\t"
        "add r12, r12, r2, lsl #5\n\t"
        "add lr, r12, r3, lsl #3\n\t"
        "ldm r1, {r0-r3}\n\t"
        ".Lblock_mix_pixels:\n\t"
        MIX
        "cmp r12, lr\n\t"
        "bne .Lblock_mix_pixels\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* Aligned for adr, which counts from a multiple of 4: at -Os functions are only on even addresses. */
__attribute__((naked, noinline, aligned(4))) void mz_block_run(const mz_block_job *job
                                                               __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "add r0, " MZ_IMMEDIATE(JOB_OUTPUTS) "\n\t"
        "ldm r0, {r1-r10}\n\t"
        "push {r1-r10}\n\t"
        "sub r0, " MZ_IMMEDIATE(JOB_OUTPUTS) "\n\t"
        "ldm r0, {r1-r9}\n\t"
        "push {r1-r9}\n\t"
        /* JOB_ENTRY, JOB_WAY and JOB_LOOP_END: where this job enters the unrolled loop, where its
         * sums become outputs, and where the end of the loop goes: there, or to another pass. The
         * lowest bit of an address that is jumped to says Thumb. */
        "ldr r0, " ON_STACK(SKIP) "\n\t"
        "adr.w r1, .Lblock_loop\n\t"
        "mov r2, " MZ_IMMEDIATE(QUAD_BYTES) "\n\t"
        "mla r0, r0, r2, r1\n\t"
        "orr r0, r0, #1\n\t"
        "ldr r1, " ON_STACK(OUTPUTS) "\n\t"
        "adr.w r2, .Lblock_line\n\t"
        "cbz r1, .Lblock_way_known\n\t"
        "adr.w r2, .Lblock_exact\n\t"
        "cmp r1, #1\n\t"
        "beq .Lblock_way_known\n\t"
        "adr.w r2, .Lblock_planes\n\t"
        ".Lblock_way_known:\n\t"
        "orr r2, r2, #1\n\t"
        "str r2, " ON_STACK(WAY) "\n\t"
        "ldr r1, " ON_STACK(AGAIN) "\n\t"
        "cbz r1, .Lblock_loop_end_known\n\t"
        "adr.w r2, .Lblock_another_pass\n\t"
        "orr r2, r2, #1\n\t"
        ".Lblock_loop_end_known:\n\t"
        "strd r0, r2, " ON_STACK(ENTRY) "\n\t"

        /* A block: mix four pixels into the scratch buffer, unless mz_block_mix_pixels has done so.
         *   r0..r3  where the four pixels are read     r4..r11  MIX
         *   r12     writes the scratch buffer          lr       its end */
        ".Lblock_block:\n\t"
        "add lr, sp, " MZ_IMMEDIATE(JOB_INPUT) "\n\t"
        "ldm lr, {r0-r3}\n\t"
        "cmp r0, #0\n\t"
        "beq .Lblock_mixed\n\t"
        "ldr r12, " ON_STACK(SCRATCH) "\n\t"
        "ldr lr, " ON_STACK(SCRATCH_END) "\n\t"
        ".Lblock_mix:\n\t"
        MIX
        "cmp r12, lr\n\t"
        "bne .Lblock_mix\n\t"
        "ldr r4, " ON_STACK(INPUT_STEP) "\n\t"
        "add r0, r4\n\t"
        "add r1, r4\n\t"
        "add r2, r4\n\t"
        "add r3, r4\n\t"
        "add lr, sp, " MZ_IMMEDIATE(JOB_INPUT) "\n\t"
        "stm lr, {r0-r3}\n\t"
        ".Lblock_mixed:\n\t"
        "ldr lr, " ON_STACK(WEIGHTS) "\n\t"
        "ldr r12, " ON_STACK(SCRATCH) "\n\t"
        "ldr r10, [r12]\n\t"
        "ldr r11, [r12, #4]\n\t"

        /* A pair of channels, whose first activations are loaded: start values and the first quad.
         * Registers as in the table above. */
        ".Lblock_pair:\n\t"
        "ldm lr!, {r6-r9}\n\t"
        FIRST_QUAD
        "ldr pc, " ON_STACK(ENTRY) "\n\t"
        ".Lblock_loop:\n\t"
        ".rept " MZ_TEXT(MZ_BLOCK_UNROLL) " - 1\n\t"
        QUAD
        ".endr\n\t"
        LAST_QUAD
        "ldr pc, " ON_STACK(LOOP_END) "\n\t"

        /* Another pass? */
        ".Lblock_another_pass:\n\t"
        "itt ne\n\t"
        "ldrne r10, [r12]\n\t"
        "ldrne r11, [r12, #4]\n\t"
        "bne .Lblock_loop\n\t"
        "ldr pc, " ON_STACK(WAY) "\n\t");
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        /* MZ_BLOCK_LINE. r8, r9: multipliers, which the last quad has loaded. */
        ".Lblock_line:\n\t"
        LINEAR_OUTPUTS
        SATURATE("r4")
        /* r0, r2, r4, r6: two outputs of each pixel; r5, r7, r8, r9: where they go;
         * r10: JOB_WEIGHTS_END; r12: JOB_SCRATCH, for the next pair. */
        ".Lblock_store:\n\t"
        "ldr r8, " MZ_AT("sp", JOB_OUTPUT + 8) "\n\t"
        "bfi r2, r3, #8, #8\n\t"
        "bfi r4, r5, #8, #8\n\t"
        "ldr r12, " ON_STACK(SCRATCH) "\n\t"
        "bfi r6, r7, #8, #8\n\t"
        "ldr r10, " ON_STACK(WEIGHTS_END) "\n\t"
        "ldr r5, " MZ_AT("sp", JOB_OUTPUT) "\n\t"
        "ldr r9, " MZ_AT("sp", JOB_OUTPUT + 12) "\n\t"
        "strh r4, [r8], #2\n\t"
        "ldr r7, " MZ_AT("sp", JOB_OUTPUT + 4) "\n\t"
        "strh r6, [r9], #2\n\t"
        "ldr r11, [r12, #4]\n\t"
        "bfi r0, r1, #8, #8\n\t"
        "strh r2, [r7], #2\n\t"
        "cmp lr, r10\n\t"
        "strh r0, [r5], #2\n\t"
        "stm sp, {r5, r7-r9}\n\t"
        "ldr r10, [r12]\n\t"
        "blo .Lblock_pair\n\t"

        /* The block is done, but for a last channel without a partner: it comes with the one before
         * it, so every pixel steps one channel back. */
        "ldr r10, " ON_STACK(STREAM_END) "\n\t"
        "cmp lr, r10\n\t"
        "bne .Lblock_last_alone\n\t"
        "ldr r0, " ON_STACK(OUTPUT_STEP) "\n\t"
        "add r5, r0\n\t"
        "add r7, r0\n\t"
        "add r8, r0\n\t"
        "add r9, r0\n\t"
        "stm sp, {r5, r7-r9}\n\t"
        ".Lblock_done:\n\t"
        "ldr r0, " ON_STACK(BLOCKS) "\n\t"
        "subs r0, #1\n\t"
        "str r0, " ON_STACK(BLOCKS) "\n\t"
        "bne .Lblock_block\n\t"
        "add sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t"
        "pop {r4-r11, pc}\n\t"
        ".Lblock_last_alone:\n\t"
        "sub r5, #1\n\t"
        "sub r7, #1\n\t"
        "sub r8, #1\n\t"
        "sub r9, #1\n\t"
        "stm sp, {r5, r7-r9}\n\t"
        "ldr r10, [r12]\n\t"
        "b .Lblock_pair\n\t");
    __asm__ volatile(
        /* MZ_BLOCK_EXACT. r8, r9: multiplier and offset of c, which the last quad has loaded. */
        ".Lblock_exact:\n\t"
        EXACT_OUTPUTS
        "b .Lblock_store\n\t"

        /* MZ_BLOCK_TO_PLANES. Two planes get four columns each.
         *   r0 r2  columns of plane c            r1 r3  of plane c + 1
         *   r4     the plane                     r5     bytes from plane to plane
         *   r6     what a panel adds to that     r7     words of a panel
         *   r10    JOB_WEIGHTS_END, the panel's  r12    JOB_SCRATCH, for the next pair */
        ".Lblock_planes:\n\t"
        LINEAR_OUTPUTS
        "ldr r10, " ON_STACK(WEIGHTS_END) "\n\t"
        SATURATE("r4")
        "ldr r12, " ON_STACK(SCRATCH) "\n\t"
        "pkhbt r0, r0, r2, lsl #16\n\t"
        "pkhbt r2, r4, r6, lsl #16\n\t"
        "cmp lr, r10\n\t"
        "pkhbt r1, r1, r3, lsl #16\n\t"
        "ldr r4, " MZ_AT("sp", JOB_OUTPUT) "\n\t"
        "pkhbt r3, r5, r7, lsl #16\n\t"
        "str r0, [r4]\n\t"
        "ldr r5, " MZ_AT("sp", JOB_OUTPUT + 4) "\n\t"
        "str r2, [r4, #4]\n\t"
        "add r4, r5\n\t"
        "ldr r10, [r12]\n\t"
        "str r1, [r4]\n\t"
        "ldr r11, [r12, #4]\n\t"
        "str r3, [r4, #4]\n\t"
        "add r4, r5\n\t"
        "str r4, " ON_STACK(OUTPUT) "\n\t"
        "blo .Lblock_pair\n\t"
        /* A panel is done, or all of them. */
        "ldr r8, " ON_STACK(STREAM_END) "\n\t"
        "ldr r6, " MZ_AT("sp", JOB_OUTPUT + 8) "\n\t"
        "ldr r7, " MZ_AT("sp", JOB_OUTPUT + 12) "\n\t"
        "cmp lr, r8\n\t"
        "beq .Lblock_all_panels\n\t"
        "add r4, r6\n\t"
        "ldr r9, " ON_STACK(WEIGHTS_END) "\n\t"
        "add r9, r9, r7, lsl #2\n\t"
        "cmp r9, r8\n\t"
        "it hi\n\t"
        "movhi r9, r8\n\t"
        "str r4, " ON_STACK(OUTPUT) "\n\t"
        "str r9, " ON_STACK(WEIGHTS_END) "\n\t"
        "b .Lblock_pair\n\t"
        ".Lblock_all_panels:\n\t"
        "ldr r0, " ON_STACK(OUTPUT_STEP) "\n\t"
        "ldr r10, " ON_STACK(WEIGHTS) "\n\t"
        "add r4, r0\n\t"
        "add r10, r10, r7, lsl #2\n\t"
        "cmp r10, r8\n\t"
        "it hi\n\t"
        "movhi r10, r8\n\t"
        "str r4, " ON_STACK(OUTPUT) "\n\t"
        "str r10, " ON_STACK(WEIGHTS_END) "\n\t"
        "b .Lblock_done\n\t");
}

/* Of pixel i, at an even place: the halves of a word of even activations are places 0 and 2. */
static int32_t mixed_input(const mz_block_job *job, int32_t place, int32_t i) {
    const int32_t word = job->scratch[8 * (place / 4) + i];
    return place % 4 ? word >> 16 : (int16_t)word;
}

void mz_block_repeat(const mz_block_job *job, const int32_t *places, int32_t quad, int32_t count) {
    int32_t *to = job->scratch + 8 * quad;
    for (; count > 0; count -= 4, places += 4, to += 8) {
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            const uint32_t x0 = (uint32_t)mixed_input(job, places[0], i);
            const uint32_t x1 = (uint32_t)mixed_input(job, places[1], i);
            const uint32_t x2 = (uint32_t)mixed_input(job, places[2], i);
            const uint32_t x3 = (uint32_t)mixed_input(job, places[3], i);
            to[i] = (int32_t)((x0 & 0xFFFFu) | x2 << 16);
            to[i + 4] = (int32_t)(((256u * x1 + 127u - x0) & 0xFFFFu) |
                                  (256u * x3 + 127u - x2) << 16);
        }
    }
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
                               : mz_line_output(sum, to[c], to[2], MZ_PACKED_LINE_SHIFT);
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

void mz_block_mix_pixels(const mz_block_job *job, const int8_t *const *pixels, int32_t quad,
                         int32_t bytes) {
    read_block(pixels, bytes, upper_half(job) + 4 * MZ_BLOCK_PIXELS * quad);
}

void mz_block_repeat(const mz_block_job *job, const int32_t *places, int32_t quad, int32_t count) {
    int8_t *const x = upper_half(job);
    for (int32_t k = 0; k < count; k++) {
        const int32_t to = 4 * quad + k, from = places[k];
        for (int32_t i = 0; i < MZ_BLOCK_PIXELS; i++) {
            x[4 * (MZ_BLOCK_PIXELS * (to / 4) + i) + to % 4] =
                x[4 * (MZ_BLOCK_PIXELS * (from / 4) + i) + from % 4];
        }
    }
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
