/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_packed_row.h"

#include "kernels/mz_packed_s8.h"

#if MZ_PACKED_ASSEMBLY

#include <stddef.h>

#define OFFSET(field) offsetof(mz_row_job, field)
_Static_assert(OFFSET(output) == 0 && OFFSET(weights_end) == 4 && OFFSET(scratch) == 8 &&
                   OFFSET(skip) == 12 && OFFSET(scratch_end) == 16 && OFFSET(alike) == 20 &&
                   OFFSET(multiplier) == 24 && OFFSET(offset) == 28 && OFFSET(shift) == 32 &&
                   OFFSET(weights) == 36,
               "the assembly below counts on it");
_Static_assert(MZ_ROW_UNROLL == 8, "so does it on this");

/* In r0..r3 the sums of four channels, in r4..r7 their weights, in r8..r11 activations (both forms
 * of two quads), r12 reads activations, lr the stream. */

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

/* 27 instructions of 4 bytes for 32 products. */
#define TWO_QUADS \
    "ldm r12!, {r8-r11}\n\t" \
    QUAD("r8", "r9") \
    QUAD("r10", "r11")

#define SCALED(sum, multiplier, offset) \
    "asr r12, " sum ", #31\n\t" \
    "add r12, " offset ", r12, lsl #7\n\t" \
    "smmla " sum ", " sum ", " multiplier ", r12\n\t"

#define SHIFTED(sum) \
    "asr " sum ", " sum ", r4\n\t" \
    "ssat " sum ", #8, " sum "\n\t"

/* r0: input; r1: depth; r2: scratch. */
__attribute__((naked)) void mz_row_mix(const int8_t *input __attribute__((unused)),
                                       int32_t depth __attribute__((unused)),
                                       int32_t *scratch __attribute__((unused))) {
    __asm__ volatile(
        "add r1, r0, r1\n\t"
        "push {r4, lr}\n\t"
        "1:\n\t"
        "ldr r3, [r0], #4\n\t"
        /* 127 - x1 as an unsigned byte is x1 ^ 0x7F. */
        "rev16 r4, r3\n\t"
        "sxtb16 r3, r3, ror #8\n\t"
        "eor r4, r4, #0x007F007F\n\t"
        "stm r2!, {r3, r4}\n\t"
        "cmp r0, r1\n\t"
        "bne 1b\n\t"
        "pop {r4, pc}\n\t");
}

/* Aligned for adr, as mz_block_run is. */
__attribute__((naked, aligned(4))) void mz_row_run(const mz_row_job *job __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r1-r10}\n\t"
        /* skip becomes the address at which the loop is entered. */
        "adr.w r11, 2f\n\t"
        "mov r12, #108\n\t"
        "mla r4, r4, r12, r11\n\t"
        "orr r4, r4, #1\n\t"
        "push {r1-r9}\n\t"
        "mov lr, r10\n\t"
        "mov r12, r3\n\t"

        /* Four channels. */
        "1:\n\t"
        "ldm lr!, {r0-r3}\n\t"
        "ldr pc, [sp, #12]\n\t"
        "2:\n\t"
        ".rept 8\n\t"
        TWO_QUADS
        ".endr\n\t"
        "ldr r4, [sp, #16]\n\t"
        "cmp r12, r4\n\t"
        "bne 2b\n\t"
        "ldr r4, [sp, #20]\n\t"
        "cbz r4, 3f\n\t"
        "ldrd r4, r5, [sp, #24]\n\t"
        SCALED("r0", "r4", "r5")
        SCALED("r1", "r4", "r5")
        SCALED("r2", "r4", "r5")
        SCALED("r3", "r4", "r5")
        "ldr r4, [sp, #32]\n\t"
        SHIFTED("r0")
        SHIFTED("r1")
        SHIFTED("r2")
        SHIFTED("r3")
        "b 4f\n\t"
        "3:\n\t"
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
        "4:\n\t"
        "bfi r0, r1, #8, #8\n\t"
        "bfi r0, r2, #16, #8\n\t"
        "bfi r0, r3, #24, #8\n\t"
        "ldm sp, {r1, r2, r12}\n\t"
        "str r0, [r1], #4\n\t"
        "str r1, [sp]\n\t"
        "cmp lr, r2\n\t"
        "bne 1b\n\t"
        "add sp, sp, #36\n\t"
        "pop {r4-r11, pc}\n\t");
}

#else

void mz_row_mix(const int8_t *input, int32_t depth, int32_t *scratch) {
    int8_t *const to = (int8_t *)scratch;
    for (int32_t k = 0; k < (depth + 7) / 8 * 8; k++) {
        to[k] = k < depth ? input[k] : 0;
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
                sum = mz_add_quad(sum, weights[MZ_ROW_CHANNELS * quad + c], x + 4 * quad);
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
