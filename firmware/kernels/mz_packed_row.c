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
 *   16     JOB_SCRATCH_END
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

#define ON_STACK(name) MZ_AT("sp", JOB_##name)

#define IS_AT(field, name) (offsetof(mz_row_job, field) == JOB_##name)
_Static_assert(IS_AT(output, OUTPUT) && IS_AT(weights_end, WEIGHTS_END) &&
                   IS_AT(scratch, SCRATCH) && IS_AT(skip, SKIP) &&
                   IS_AT(scratch_end, SCRATCH_END) && IS_AT(alike, ALIKE) &&
                   IS_AT(multiplier, MULTIPLIER) && IS_AT(offset, OFFSET) &&
                   IS_AT(shift, SHIFT) && offsetof(mz_row_job, weights) == JOB_BYTES,
               "the assembly below counts on it");

/* Eight inputs in the unrolled loop: 27 instructions of 4 bytes for 32 products. */
#define TWO_QUADS_BYTES 108

/* Registers while four channels are summed up:
 *
 *   r0..r3    their sums
 *   r4..r7    their weights
 *   r8 r9     a quad's odd activations and its mixed ones
 *   r10 r11   those of the next quad
 *   r12       reads mixed activations
 *   lr        reads the stream of weights */

#define PRODUCT(sum, weights, x) "smlad " sum ", " weights ", " x ", " sum "\n\t"
#define LOW_BYTES(weights) "sxtb16 " weights ", " weights "\n\t"

/* Unpacking stands before a product, so that the core may issue both at once. */
#define QUAD(odd, mixed) \
    "ldm lr!, {r4-r7}\n\t" \
    PRODUCT("r0", "r4", odd) \
    PRODUCT("r1", "r5", odd) \
    LOW_BYTES("r4") \
    PRODUCT("r2", "r6", odd) \
    LOW_BYTES("r5") \
    PRODUCT("r3", "r7", odd) \
    LOW_BYTES("r6") \
    PRODUCT("r0", "r4", mixed) \
    LOW_BYTES("r7") \
    PRODUCT("r1", "r5", mixed) \
    PRODUCT("r2", "r6", mixed) \
    PRODUCT("r3", "r7", mixed)

#define TWO_QUADS \
    "ldm r12!, {r8-r11}\n\t" \
    QUAD("r8", "r9") \
    QUAD("r10", "r11")

/* The exact way, from a sum to a value that is still to be shifted by r4. */
#define SCALED(sum, multiplier, offset) \
    "asr r12, " sum ", #31\n\t" \
    "add r12, " offset ", r12, lsl #7\n\t" \
    "smmla " sum ", " sum ", " multiplier ", r12\n\t"

#define SHIFTED(sum) \
    "asr " sum ", " sum ", r4\n\t" \
    "ssat " sum ", #8, " sum "\n\t"

/* r0: reads the input; r1: depth, then the input's end; r2: writes scratch; r3, r4: a quad's odd
 * activations and its mixed ones. */
__attribute__((naked)) void mz_row_mix(const int8_t *input __attribute__((unused)),
                                       int32_t depth __attribute__((unused)),
                                       int32_t *scratch __attribute__((unused))) {
    __asm__ volatile(
        "add r1, r0, r1\n\t"
        "push {r4, lr}\n\t"
        ".Lrow_mix_quad:\n\t"
        "ldr r3, [r0], #4\n\t"
        /* 127 - x1 as an unsigned byte is x1 ^ 0x7F. */
        "rev16 r4, r3\n\t"
        "sxtb16 r3, r3, ror #8\n\t"
        "eor r4, r4, #0x007F007F\n\t"
        "stm r2!, {r3, r4}\n\t"
        "cmp r0, r1\n\t"
        "bne .Lrow_mix_quad\n\t"
        "pop {r4, pc}\n\t");
}

/* Aligned for adr, as mz_block_run is. */
__attribute__((naked, aligned(4))) void mz_row_run(const mz_row_job *job __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r1-r10}\n\t"
        /* JOB_ENTRY: the address where the loop is entered. Its lowest bit says Thumb. */
        "adr.w r11, .Lrow_loop\n\t"
        "mov r12, " MZ_IMMEDIATE(TWO_QUADS_BYTES) "\n\t"
        "mla r4, r4, r12, r11\n\t"
        "orr r4, r4, #1\n\t"
        "push {r1-r9}\n\t"
        "mov lr, r10\n\t"
        "mov r12, r3\n\t"

        /* Four channels. Registers as in the table above. */
        ".Lrow_channels:\n\t"
        "ldm lr!, {r0-r3}\n\t"
        "ldr pc, " ON_STACK(ENTRY) "\n\t"
        ".Lrow_loop:\n\t"
        ".rept " MZ_TEXT(MZ_ROW_UNROLL) "\n\t"
        TWO_QUADS
        ".endr\n\t"
        "ldr r4, " ON_STACK(SCRATCH_END) "\n\t"
        "cmp r12, r4\n\t"
        "bne .Lrow_loop\n\t"

        /* All channels alike. r4, r5: multiplier and offset, then r4: shift. */
        "ldr r4, " ON_STACK(ALIKE) "\n\t"
        "cbz r4, .Lrow_each_its_own\n\t"
        "ldrd r4, r5, " ON_STACK(MULTIPLIER) "\n\t"
        SCALED("r0", "r4", "r5")
        SCALED("r1", "r4", "r5")
        SCALED("r2", "r4", "r5")
        SCALED("r3", "r4", "r5")
        "ldr r4, " ON_STACK(SHIFT) "\n\t"
        SHIFTED("r0")
        SHIFTED("r1")
        SHIFTED("r2")
        SHIFTED("r3")
        "b .Lrow_store\n\t"

        /* Each channel its own. r4..r7: multipliers; r8..r11: offsets; then r4: four shifts. */
        ".Lrow_each_its_own:\n\t"
        "ldm lr!, {r4-r11}\n\t"
        SCALED("r0", "r4", "r8")
        SCALED("r1", "r5", "r9")
        SCALED("r2", "r6", "r10")
        SCALED("r3", "r7", "r11")
        /* A shift by register takes its lowest byte. */
        "ldr r4, [lr], #4\n\t"
        SHIFTED("r0")
        "lsr r4, r4, #8\n\t"
        SHIFTED("r1")
        "lsr r4, r4, #8\n\t"
        SHIFTED("r2")
        "lsr r4, r4, #8\n\t"
        SHIFTED("r3")

        /* r0: four outputs; r1: where they go; r2: JOB_WEIGHTS_END; r12: JOB_SCRATCH. */
        ".Lrow_store:\n\t"
        "bfi r0, r1, #8, #8\n\t"
        "bfi r0, r2, #16, #8\n\t"
        "bfi r0, r3, #24, #8\n\t"
        "ldm sp, {r1, r2, r12}\n\t"
        "str r0, [r1], #4\n\t"
        "str r1, " ON_STACK(OUTPUT) "\n\t"
        "cmp lr, r2\n\t"
        "bne .Lrow_channels\n\t"
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

void mz_row_run(const mz_row_job *job) {
    const int32_t quads = (int32_t)(job->scratch_end - job->scratch) / 2;
    const int8_t *const x = (const int8_t *)job->scratch;
    int8_t *output = job->output;
    const int32_t *stream = job->weights;
    while (stream != job->weights_end) {
        const int32_t *const weights = stream + MZ_ROW_CHANNELS;
        const int32_t *const to = weights + MZ_ROW_CHANNELS * quads;
        for (int32_t c = 0; c < MZ_ROW_CHANNELS; c++) {
            uint32_t sum = (uint32_t)stream[c];
            for (int32_t quad = 0; quad < quads; quad++) {
                sum = mz_add_quad(sum, weights[MZ_ROW_CHANNELS * quad + c], x + QUAD_BYTES * quad);
            }
            *output++ =
                job->alike
                    ? mz_exact_output((int32_t)sum, job->multiplier, job->offset, job->shift)
                    : mz_exact_output((int32_t)sum, to[c], to[MZ_ROW_CHANNELS + c],
                                      to[2 * MZ_ROW_CHANNELS] >> 8 * c & 0xFF);
        }
        stream = job->alike ? to : to + 2 * MZ_ROW_CHANNELS + 1;
    }
}

#endif
