/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_packed_row.h"

#include "kernels/mz_assembly.h"
#include "kernels/mz_packed_s8.h"
#include "kernels/mz_requantization.h"

#if MZ_ASSEMBLY

#include <stddef.h>

/* The job but for its last field, copied to the stack as it is: bytes from sp.
 *
 *   bytes  name                  what is there
 *   0      JOB_OUTPUT            where the next four outputs go
 *   4      JOB_WEIGHTS_END
 *   8      JOB_SCRATCH           mixed activations of the row
 *   12     JOB_SKIP, JOB_ENTRY   eights to skip; then the address where the loop is entered
 *   16     JOB_SCRATCH_END, JOB_LAST_EIGHT   then where the row's last eight begin, and 8
 *   20     JOB_ALIKE
 *   24     JOB_MULTIPLIER        of all channels, if they are alike
 *   28     JOB_OFFSET
 *   32     JOB_SHIFT */
#define JOB_OUTPUT 0
#define JOB_WEIGHTS_END 4
#define JOB_SCRATCH 8
#define JOB_SKIP 12
#define JOB_SCRATCH_END 16
#define JOB_ALIKE 20
#define JOB_MULTIPLIER 24
#define JOB_OFFSET 28
#define JOB_SHIFT 32
#define JOB_BYTES 36
/* What the assembly puts in place of what it has read. */
#define JOB_ENTRY JOB_SKIP
#define JOB_LAST_EIGHT JOB_SCRATCH_END

#define ON_STACK(name) MZ_AT("sp", JOB_##name)

#define IS_AT(field, name) (offsetof(mz_row_job, field) == JOB_##name)
_Static_assert(IS_AT(output, OUTPUT) && IS_AT(weights_end, WEIGHTS_END) &&
                   IS_AT(scratch, SCRATCH) && IS_AT(skip, SKIP) &&
                   IS_AT(scratch_end, SCRATCH_END) && IS_AT(alike, ALIKE) &&
                   IS_AT(multiplier, MULTIPLIER) && IS_AT(offset, OFFSET) &&
                   IS_AT(shift, SHIFT) && offsetof(mz_row_job, weights) == JOB_BYTES,
               "the assembly below counts on it");

/* Eight inputs in the unrolled loop: 36 instructions of 4 bytes for 32 products. */
#define EIGHT_BYTES 144

/* Registers while four channels are summed up:
 *
 *   r0..r3    their sums
 *   r4..r7    their weights
 *   r8 r9     a quad's even activations and its mixed ones
 *   r10 r11   those of the next quad
 *   r12       reads mixed activations
 *   lr        reads the stream of weights
 *
 * r4..r9 are loaded when eight inputs begin, and for the next eight when they end. A load or an
 * unpacking stands beside a product, and a load two cycles before what needs it. */
#define EIGHT \
    "ldr r10, [r12], #4\n\t" \
    "smlad r1, r5, r8, r1\n\t" \
    "smlad r0, r4, r8, r0\n\t" \
    "ldr r11, [r12], #4\n\t" \
    "sxtb16 r5, r5\n\t" \
    "smlad r3, r7, r8, r3\n\t" \
    "sxtb16 r4, r4\n\t" \
    "smlad r2, r6, r8, r2\n\t" \
    "smlad r0, r4, r9, r0\n\t" \
    "ldr r4, [lr], #4\n\t" \
    "sxtb16 r6, r6\n\t" \
    "smlad r1, r5, r9, r1\n\t" \
    "sxtb16 r7, r7\n\t" \
    "smlad r0, r4, r10, r0\n\t" \
    "sxtb16 r4, r4\n\t" \
    "smlad r3, r7, r9, r3\n\t" \
    "ldr r5, [lr], #4\n\t" \
    "smlad r0, r4, r11, r0\n\t" \
    "smlad r2, r6, r9, r2\n\t" \
    "ldr r6, [lr], #4\n\t" \
    "ldr r7, [lr], #4\n\t" \
    "smlad r1, r5, r10, r1\n\t" \
    "sxtb16 r5, r5\n\t" \
    "smlad r2, r6, r10, r2\n\t" \
    "smlad r1, r5, r11, r1\n\t" \
    "ldr r4, [lr], #4\n\t" \
    "sxtb16 r6, r6\n\t" \
    "smlad r3, r7, r10, r3\n\t" \
    "sxtb16 r7, r7\n\t" \
    "ldr r8, [r12], #4\n\t" \
    "smlad r3, r7, r11, r3\n\t" \
    "ldr r5, [lr], #4\n\t" \
    "smlad r2, r6, r11, r2\n\t" \
    "ldr r6, [lr], #4\n\t" \
    "ldr r7, [lr], #4\n\t" \
    "ldr r9, [r12], #4\n\t"

/* The last eight of the unrolled loop: are those that follow the row's last? */
#define EIGHT_AND_COMPARE \
    "smlad r0, r4, r8, r0\n\t" \
    "ldr r10, [r12], #4\n\t" \
    "sxtb16 r4, r4\n\t" \
    "smlad r1, r5, r8, r1\n\t" \
    "sxtb16 r5, r5\n\t" \
    "smlad r3, r7, r8, r3\n\t" \
    "ldr r11, [r12], #4\n\t" \
    "smlad r1, r5, r9, r1\n\t" \
    "sxtb16 r7, r7\n\t" \
    "smlad r2, r6, r8, r2\n\t" \
    "smlad r0, r4, r9, r0\n\t" \
    "ldr r4, [lr], #4\n\t" \
    "sxtb16 r6, r6\n\t" \
    "smlad r3, r7, r9, r3\n\t" \
    "smlad r0, r4, r10, r0\n\t" \
    "ldr r8, [r12], #4\n\t" \
    "sxtb16 r4, r4\n\t" \
    "ldr r5, [lr], #4\n\t" \
    "smlad r2, r6, r9, r2\n\t" \
    "smlad r1, r5, r10, r1\n\t" \
    "ldr r6, [lr], #4\n\t" \
    "sxtb16 r5, r5\n\t" \
    "smlad r0, r4, r11, r0\n\t" \
    "ldr r7, [lr], #4\n\t" \
    "smlad r2, r6, r10, r2\n\t" \
    "ldr r9, [r12], #4\n\t" \
    "smlad r1, r5, r11, r1\n\t" \
    "sxtb16 r6, r6\n\t" \
    "smlad r3, r7, r10, r3\n\t" \
    "ldr r10, " ON_STACK(LAST_EIGHT) "\n\t" \
    "smlad r2, r6, r11, r2\n\t" \
    "sxtb16 r7, r7\n\t" \
    "ldr r4, [lr], #4\n\t" \
    "cmp r12, r10\n\t" \
    "ldr r5, [lr], #4\n\t" \
    "smlad r3, r7, r11, r3\n\t" \
    "ldr r6, [lr], #4\n\t" \
    "ldr r7, [lr], #4\n\t"

/* The row's last eight, behind which nothing is read. */
#define LAST_EIGHT \
    "smlad r1, r5, r8, r1\n\t" \
    "ldr r10, [r12], #4\n\t" \
    "smlad r2, r6, r8, r2\n\t" \
    "sxtb16 r6, r6\n\t" \
    "smlad r3, r7, r8, r3\n\t" \
    "sxtb16 r5, r5\n\t" \
    "smlad r0, r4, r8, r0\n\t" \
    "sxtb16 r4, r4\n\t" \
    "sxtb16 r7, r7\n\t" \
    "smlad r0, r4, r9, r0\n\t" \
    "smlad r1, r5, r9, r1\n\t" \
    "ldr r4, [lr], #4\n\t" \
    "smlad r2, r6, r9, r2\n\t" \
    "ldr r5, [lr], #4\n\t" \
    "smlad r3, r7, r9, r3\n\t" \
    "ldr r11, [r12], #4\n\t" \
    "ldr r6, [lr], #4\n\t" \
    "smlad r0, r4, r10, r0\n\t" \
    "smlad r1, r5, r10, r1\n\t" \
    "ldr r7, [lr], #4\n\t" \
    "sxtb16 r4, r4\n\t" \
    "smlad r2, r6, r10, r2\n\t" \
    "smlad r0, r4, r11, r0\n\t" \
    "sxtb16 r6, r6\n\t" \
    "smlad r3, r7, r10, r3\n\t" \
    "sxtb16 r5, r5\n\t" \
    "smlad r2, r6, r11, r2\n\t" \
    "sxtb16 r7, r7\n\t" \
    "smlad r1, r5, r11, r1\n\t" \
    "smlad r3, r7, r11, r3\n\t"

/* All of a job up to four channels' sums in r0..r3, its labels beginning with `at`. */
#define SUMS_OF_CHANNELS(at) \
    "push {r4-r11, lr}\n\t" \
    "ldm r0, {r1-r10}\n\t" \
    /* JOB_ENTRY: the address where the loop is entered. Its lowest bit says Thumb. */ \
    "adr.w r11, " at "_loop\n\t" \
    "mov r12, " MZ_IMMEDIATE(EIGHT_BYTES) "\n\t" \
    "mla r4, r4, r12, r11\n\t" \
    /* JOB_LAST_EIGHT: what r12 is when the row's last eight inputs begin. */ \
    "sub r5, #8\n\t" \
    "add r11, r3, #8\n\t" \
    "cmp r5, r11\n\t" \
    "it eq\n\t" \
    "adreq.w r4, " at "_last_eight\n\t" \
    "orr r4, r4, #1\n\t" \
    "push {r1-r9}\n\t" \
    "mov lr, r10\n\t" \
    "mov r12, r3\n\t" \
    /* Four channels. Registers as in the table above. */ \
    at "_channels:\n\t" \
    "ldm lr!, {r0-r7}\n\t" \
    "ldm r12!, {r8, r9}\n\t" \
    "ldr pc, " ON_STACK(ENTRY) "\n\t" \
    at "_loop:\n\t" \
    ".rept " MZ_TEXT(MZ_ROW_UNROLL) " - 1\n\t" \
    EIGHT \
    ".endr\n\t" \
    EIGHT_AND_COMPARE \
    "bne " at "_loop\n\t" \
    at "_last_eight:\n\t" \
    LAST_EIGHT

/* The exact way, all four at once: what the sign takes from the offset, and the product. */
#define SIGN(sum, to) "asr " to ", " sum ", #31\n\t"
#define OFFSET(offset, sign) "add " sign ", " offset ", " sign ", lsl #7\n\t"
#define SCALED(sum, multiplier, offset) \
    "smmla " sum ", " sum ", " multiplier ", " offset "\n\t"

/* r0: reads the input; r1: depth, then the input's end; r2: writes scratch; r3, r4: a quad's even
 * activations and its mixed ones. */
__attribute__((naked)) void mz_row_mix(const int8_t *input __attribute__((unused)),
                                       int32_t depth __attribute__((unused)),
                                       int32_t *scratch __attribute__((unused))) {
    __asm__ volatile(
        "add r1, r0, r1\n\t"
        "push {r4, lr}\n\t"
        ".Lrow_mix_quad:\n\t"
        "ldr r3, [r0], #4\n\t"
        /* 127 - x0 as an unsigned byte is x0 ^ 0x7F. */
        "eor r4, r3, #0x007F007F\n\t"
        "sxtb16 r3, r3\n\t"
        "stm r2!, {r3, r4}\n\t"
        "cmp r0, r1\n\t"
        "bne .Lrow_mix_quad\n\t"
        "pop {r4, pc}\n\t");
}

/* Aligned for adr, as mz_block_run is. */
__attribute__((naked, aligned(4))) void mz_row_run(const mz_row_job *job __attribute__((unused))) {
    __asm__ volatile(
        SUMS_OF_CHANNELS(".Lrow")
        "ldr r4, " ON_STACK(ALIKE) "\n\t"
        "cbz r4, .Lrow_each_its_own\n\t");
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        /* All channels alike. r4, r5, r6: multiplier, offset, shift. */
        SIGN("r2", "r9")
        "ldrd r4, r5, " ON_STACK(MULTIPLIER) "\n\t"
        SIGN("r1", "r8")
        OFFSET("r5", "r9")
        SCALED("r2", "r4", "r9")
        SIGN("r3", "r10")
        OFFSET("r5", "r8")
        SIGN("r0", "r12")
        OFFSET("r5", "r10")
        SCALED("r1", "r4", "r8")
        OFFSET("r5", "r12")
        SCALED("r3", "r4", "r10")
        "ldr r6, " ON_STACK(SHIFT) "\n\t"
        SCALED("r0", "r4", "r12")
        "asr r1, r1, r6\n\t"
        "asr r3, r3, r6\n\t"
        "asr r0, r0, r6\n\t"
        "asr r2, r2, r6\n\t"
        "b .Lrow_store\n\t"

        /* Each channel its own. r4..r7: multipliers, then shifts; r8..r11: offsets. */
        ".Lrow_each_its_own:\n\t"
        SIGN("r0", "r12")
        "ldm lr!, {r4-r11}\n\t"
        OFFSET("r8", "r12")
        SIGN("r1", "r8")
        OFFSET("r9", "r8")
        SIGN("r2", "r9")
        SCALED("r1", "r5", "r8")
        OFFSET("r10", "r9")
        SCALED("r2", "r6", "r9")
        SIGN("r3", "r10")
        SCALED("r0", "r4", "r12")
        OFFSET("r11", "r10")
        SCALED("r3", "r7", "r10")
        /* A shift by register takes its lowest byte. */
        "ldr r4, [lr], #4\n\t"
        "lsr r7, r4, #24\n\t"
        "lsr r5, r4, #8\n\t"
        "asr r0, r0, r4\n\t"
        "lsr r6, r4, #16\n\t"
        "asr r3, r3, r7\n\t"
        "asr r1, r1, r5\n\t"
        "asr r2, r2, r6\n\t"

        /* r0: four outputs; r1: where they go; r2: JOB_WEIGHTS_END; r12: JOB_SCRATCH. */
        ".Lrow_store:\n\t"
        "ssat r2, #8, r2\n\t"
        "ssat r3, #8, r3\n\t"
        "ssat r1, #8, r1\n\t"
        "ssat r0, #8, r0\n\t"
        "ldr r12, " ON_STACK(SCRATCH) "\n\t"
        "bfi r2, r3, #8, #8\n\t"
        "bfi r0, r1, #8, #8\n\t"
        "ldr r1, " ON_STACK(OUTPUT) "\n\t"
        "pkhbt r0, r0, r2, lsl #16\n\t"
        "ldr r2, " ON_STACK(WEIGHTS_END) "\n\t"
        "str r0, [r1], #4\n\t"
        "cmp lr, r2\n\t"
        "str r1, " ON_STACK(OUTPUT) "\n\t"
        "bne .Lrow_channels\n\t"
        "add sp, sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t"
        "pop {r4-r11, pc}\n\t");
}

__attribute__((naked, aligned(4))) void mz_row_add(const mz_row_job *job __attribute__((unused))) {
    __asm__ volatile(
        SUMS_OF_CHANNELS(".Lrow_add")
        /* r4: the four totals, at JOB_OUTPUT; r5..r8: what they are; r9: JOB_WEIGHTS_END;
         * r12: JOB_SCRATCH. */
        "ldr r4, " ON_STACK(OUTPUT) "\n\t"
        "ldr r12, " ON_STACK(SCRATCH) "\n\t"
        "ldm r4, {r5-r8}\n\t"
        "add r0, r5, r0, asr #8\n\t"
        "add r1, r6, r1, asr #8\n\t"
        "ldr r9, " ON_STACK(WEIGHTS_END) "\n\t"
        "add r2, r7, r2, asr #8\n\t"
        "add r3, r8, r3, asr #8\n\t"
        "stm r4!, {r0-r3}\n\t"
        "cmp lr, r9\n\t"
        "str r4, " ON_STACK(OUTPUT) "\n\t"
        "bne .Lrow_add_channels\n\t"
        "add sp, sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t"
        "pop {r4-r11, pc}\n\t");
}

#else

#define QUAD_BYTES (4 * MZ_ROW_QUAD_WORDS)

void mz_row_mix(const int8_t *input, int32_t depth, int32_t *scratch) {
    int8_t *const to = (int8_t *)scratch;
    for (int32_t k = 0; k < depth; k++) {
        to[QUAD_BYTES * (k / 4) + k % 4] = input[k];
    }
}

/* Of channel c of the four whose stream this is. */
static int32_t sum_of(const mz_row_job *job, const int32_t *stream, int32_t c) {
    const int32_t quads = (int32_t)(job->scratch_end - job->scratch) / 2;
    const int8_t *const x = (const int8_t *)job->scratch;
    uint32_t sum = (uint32_t)stream[c];
    for (int32_t quad = 0; quad < quads; quad++) {
        sum = mz_add_quad(sum, stream[MZ_ROW_CHANNELS * (quad + 1) + c], x + QUAD_BYTES * quad);
    }
    return (int32_t)sum;
}

void mz_row_run(const mz_row_job *job) {
    const int32_t quads = (int32_t)(job->scratch_end - job->scratch) / 2;
    int8_t *output = job->output;
    const int32_t *stream = job->weights;
    while (stream != job->weights_end) {
        const int32_t *const to = stream + MZ_ROW_CHANNELS * (quads + 1);
        for (int32_t c = 0; c < MZ_ROW_CHANNELS; c++) {
            const int32_t sum = sum_of(job, stream, c);
            *output++ = job->alike
                            ? mz_exact_output(sum, job->multiplier, job->offset, job->shift)
                            : mz_exact_output(sum, to[c], to[MZ_ROW_CHANNELS + c],
                                              to[2 * MZ_ROW_CHANNELS] >> 8 * c & 0xFF);
        }
        stream = job->alike ? to : to + 2 * MZ_ROW_CHANNELS + 1;
    }
}

void mz_row_add(const mz_row_job *job) {
    const int32_t quads = (int32_t)(job->scratch_end - job->scratch) / 2;
    int32_t *total = (int32_t *)(void *)job->output;
    const int32_t *stream = job->weights;
    for (; stream != job->weights_end; stream += MZ_ROW_CHANNELS * (quads + 1)) {
        for (int32_t c = 0; c < MZ_ROW_CHANNELS; c++) {
            *total++ += sum_of(job, stream, c) / 256;
        }
    }
}

#endif
