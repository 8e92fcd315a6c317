/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_add_s8_dsp.h"

#include <stddef.h>

#include "kernels/mz_assembly.h"
#include "kernels/mz_pairs.h"
#include "kernels/mz_requantization.h"

#define AT_ONCE 4

/* 2^24 times a value: the value in a word's highest byte. */
static int32_t upper(int32_t multiplier, int8_t value) {
    return (int32_t)((int64_t)multiplier * (value * (1 << 24)) >> 32);
}

static int8_t add_one(const mz_add_s8_dsp_params *params, int8_t a, int8_t b) {
    const int32_t sum = params->start + upper(params->first, a) + upper(params->second, b);
    return (int8_t)mz_saturated(sum >> MZ_ADD_SHIFT);
}

#if MZ_ASSEMBLY

#define FIRST 48

#define IS_FIELD(field, number) (offsetof(mz_add_s8_dsp_params, field) == FIRST + 4 * (number))
_Static_assert(IS_FIELD(first, 0) && IS_FIELD(second, 1) && IS_FIELD(start, 2),
               "the assembly below counts on these");

#define SATURATE(sum) "ssat " sum ", #8, " sum ", asr " MZ_IMMEDIATE(MZ_ADD_SHIFT) "\n\t"

/* Four elements at a time, up to `end` of the first operand, and at least once. Each instruction
 * that takes a byte out stands beside a product. Registers:
 *
 *   r0      the first output; then all four     r7      the mask of the highest byte
 *   r1 r2   read the operands                   r8 r9   four values of each
 *   r3      writes outputs                      r10 r11 one value of each, in the highest byte;
 *   r4 r5   multipliers                                 then the third and the fourth output
 *   r6      where sums begin                    r12     the second output
 *                                               lr      end */
__attribute__((naked)) static void add_fours(
    const mz_add_s8_dsp_params *params __attribute__((unused)),
    const int8_t *first __attribute__((unused)), const int8_t *second __attribute__((unused)),
    int8_t *output __attribute__((unused)), const int8_t *end __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldr lr, [sp, #36]\n\t"
        "add r0, " MZ_IMMEDIATE(FIRST) "\n\t"
        "ldm r0, {r4-r6}\n\t"
        "mov r7, #0xFF000000\n\t"
        ".Ladd_four:\n\t"
        "ldr r8, [r1], #4\n\t"
        "ldr r9, [r2], #4\n\t"
        "lsl r10, r8, #24\n\t"
        "lsl r11, r9, #24\n\t"
        "smmla r0, r10, r4, r6\n\t"
        "and r10, r7, r8, lsl #16\n\t"
        "smmla r0, r11, r5, r0\n\t"
        "and r11, r7, r9, lsl #16\n\t"
        "smmla r12, r10, r4, r6\n\t"
        "and r10, r7, r8, lsl #8\n\t"
        "smmla r12, r11, r5, r12\n\t"
        "and r11, r7, r9, lsl #8\n\t"
        SATURATE("r0")
        "smmla r10, r10, r4, r6\n\t"
        "and r8, r7\n\t"
        "smmla r10, r11, r5, r10\n\t"
        "and r9, r7\n\t"
        "smmla r11, r8, r4, r6\n\t"
        SATURATE("r12")
        "smmla r11, r9, r5, r11\n\t"
        SATURATE("r10")
        "cmp r1, lr\n\t"
        "bfi r0, r12, #8, #8\n\t"
        SATURATE("r11")
        "bfi r0, r10, #16, #8\n\t"
        "bfi r0, r11, #24, #8\n\t"
        "str r0, [r3], #4\n\t"
        "bne .Ladd_four\n\t"
        "pop {r4-r11, pc}\n\t");
}

#else

static void add_fours(const mz_add_s8_dsp_params *params, const int8_t *first,
                      const int8_t *second, int8_t *output, const int8_t *end) {
    while (first != end) {
        *output++ = add_one(params, *first++, *second++);
    }
}

#endif

static void add(const void *of, const int8_t *first, const int8_t *second, int8_t *output,
                int32_t count) {
    const mz_add_s8_dsp_params *const params = of;
    const int32_t fours = count / AT_ONCE * AT_ONCE;
    if (fours > 0) {
        add_fours(params, first, second, output, first + fours);
    }
    for (int32_t i = fours; i < count; i++) {
        output[i] = add_one(params, first[i], second[i]);
    }
    mz_move_outputs(output, count, params->zero_point, params->maximum);
}

void mz_add_s8_dsp(const mz_add_s8_dsp_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output) {
    mz_broadcast(params, first, second, output, add);
}
