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

static int32_t sum_of(const mz_add_s8_dsp_params *params, int8_t a, int8_t b) {
    const int32_t sum = params->start + upper(params->first, a) + upper(params->second, b);
    return sum + (sum >> 31 & params->bend) + params->more;
}

static int8_t add_one(const mz_add_s8_dsp_params *params, int8_t a, int8_t b) {
    return (int8_t)mz_saturated(sum_of(params, a, b) >> MZ_ADD_SHIFT);
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

/* A value of four, in a word's highest byte. */
static inline int32_t highest(uint32_t four, int32_t place) {
    return (int32_t)((four << (24 - 8 * place)) & 0xFF000000u);
}

static inline uint32_t output_of(const mz_add_s8_dsp_params *params, uint32_t a, uint32_t b,
                                 int32_t place) {
    const int32_t first = mz_high_product(highest(a, place), params->first, params->start);
    const int32_t sum = mz_high_product(highest(b, place), params->second, first);
    return (uint32_t)mz_saturated((sum + (sum >> 31 & params->bend) + params->more) >>
                                  MZ_ADD_SHIFT);
}

/* The same as add_fours with a bend, or with an operand that is one element. */
static void add_any_fours(const mz_add_s8_dsp_params *of, const int8_t *a, int32_t a_step,
                          const int8_t *b, int32_t b_step, int8_t *output, int32_t fours) {
    const mz_add_s8_dsp_params params = *of;
    for (; fours > 0; fours--, a += a_step, b += b_step, output += AT_ONCE) {
        const uint32_t x = mz_word_load(a), y = mz_word_load(b);
        const uint32_t even =
            mz_pair_firsts(output_of(&params, x, y, 0), output_of(&params, x, y, 2));
        const uint32_t odd =
            mz_pair_firsts(output_of(&params, x, y, 1), output_of(&params, x, y, 3));
        mz_word_store(output, mz_pair_bytes(even, odd));
    }
}

static void add_row(const void *of, const int8_t *first, const int8_t *second, int8_t *output) {
    const mz_add_s8_dsp_params *const params = of;
    const int32_t count = params->sizes[MZ_BROADCAST_RANK - 1];
    const int32_t fours = count / AT_ONCE, done = fours * AT_ONCE;
    int8_t first_four[AT_ONCE], second_four[AT_ONCE];
    int32_t a_step, b_step;
    const int8_t *const a =
        mz_broadcast_fours(first, params->first_strides, first_four, &a_step);
    const int8_t *const b =
        mz_broadcast_fours(second, params->second_strides, second_four, &b_step);
    if (fours > 0 && a_step != 0 && b_step != 0 && params->bend == 0) {
        add_fours(params, a, b, output, a + done);
    } else {
        add_any_fours(params, a, a_step, b, b_step, output, fours);
    }
    for (int32_t i = done; i < count; i++) {
        output[i] = add_one(params, a[i * a_step / AT_ONCE], b[i * b_step / AT_ONCE]);
    }
    mz_move_outputs(output, count, params->zero_point, params->maximum);
}

void mz_add_s8_dsp(const mz_add_s8_dsp_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output) {
    mz_broadcast(params->sizes, params->first_strides, params->second_strides, first, second,
                 output, add_row, params);
}
