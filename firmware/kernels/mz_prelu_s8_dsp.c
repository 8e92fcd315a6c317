/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_prelu_s8_dsp.h"

#include "kernels/mz_assembly.h"
#include "kernels/mz_pairs.h"

static int8_t output_of(const mz_prelu_s8_dsp_params *params, int8_t input, int8_t alpha) {
    const int32_t value = input - params->input_zero_point;
    const int32_t below = value & value >> 31;
    const int32_t kept =
        (int32_t)((int64_t)params->keep * (value - below) >> 16) + params->offset;
    const int32_t twice = 2 * below * (alpha - params->alpha_zero_point);
    const int32_t sum = mz_high_product_rounded(twice, params->multiplier, kept + (twice >> 31));
    return (int8_t)mz_saturated((sum >> params->shift) - 128);
}

#if MZ_ASSEMBLY

/* What the loop keeps in registers, in their order, and then what it loads. */
typedef struct {
    int32_t keep, offset, multiplier, shift;
    uint32_t zero;       /* the input's zero point, four times */
    uint32_t input_zero; /* less it, as a pair */
    uint32_t alpha_zero; /* less alpha's */
    const int8_t *end;   /* of the input */
} fours;

/* Four elements at a time, and at least once. Registers:
 *
 *   r1 r2 r3   input, alpha, output
 *   r4..r7     keep, offset, multiplier, shift
 *   r10, r0    the values, at least the zero point; and at most that; then pairs of them, less it
 *   r8, lr     the first and the second product, then outputs; r11 and r12 the others */
__attribute__((naked)) static void prelu_fours(const fours *job __attribute__((unused)),
                                               const int8_t *input __attribute__((unused)),
                                               const int8_t *alpha __attribute__((unused)),
                                               int8_t *output __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r4-r11}\n\t"
        "push {r8-r11}\n\t"
        ".Lprelu_four:\n\t"
        "ldr r0, [r1], #4\n\t"
        "ldm sp, {r8, r9, r12}\n\t"
        "ldr r11, [r2], #4\n\t"
        "ssub8 r10, r0, r8\n\t"
        "sel r10, r0, r8\n\t"
        "sel r0, r8, r0\n\t"
        "sxtab16 lr, r12, r11\n\t"
        "sxtab16 r12, r12, r11, ror #8\n\t"
        "sxtab16 r11, r9, r0\n\t"
        "sadd16 lr, lr, lr\n\t"
        "sxtab16 r0, r9, r0, ror #8\n\t"
        "smulbb r8, lr, r11\n\t"
        "sadd16 r12, r12, r12\n\t"
        "smultt r11, lr, r11\n\t"
        "smulbb lr, r12, r0\n\t"
        "smultt r12, r12, r0\n\t"
        "sxtab16 r0, r9, r10\n\t"
        "sxtab16 r10, r9, r10, ror #8\n\t"
        "smlawb r9, r4, r0, r5\n\t"
        "smlawt r0, r4, r0, r5\n\t"
        "add r9, r9, r8, asr #31\n\t"
        "smmlar r8, r8, r6, r9\n\t"
        "add r0, r0, r11, asr #31\n\t"
        "smlawb r9, r4, r10, r5\n\t"
        "smmlar r11, r11, r6, r0\n\t"
        "add r9, r9, lr, asr #31\n\t"
        "smlawt r10, r4, r10, r5\n\t"
        "asr r8, r7\n\t"
        "smmlar lr, lr, r6, r9\n\t"
        "add r10, r10, r12, asr #31\n\t"
        "smmlar r12, r12, r6, r10\n\t"
        "asr r11, r7\n\t"
        "ldr r0, [sp, #12]\n\t"
        "pkhbt r8, r8, r11, lsl #16\n\t"
        "asr lr, r7\n\t"
        "usat16 r8, #8, r8\n\t"
        "asr r12, r7\n\t"
        "cmp r1, r0\n\t"
        "pkhbt lr, lr, r12, lsl #16\n\t"
        "usat16 lr, #8, lr\n\t"
        "orr r8, r8, lr, lsl #8\n\t"
        "eor r8, #0x80808080\n\t"
        "str r8, [r3], #4\n\t"
        "bne .Lprelu_four\n\t"
        "add sp, #16\n\t"
        "pop {r4-r11, pc}\n\t");
}

#endif

static void prelu(const void *of, const int8_t *input, const int8_t *alpha, int8_t *output,
                  int32_t count) {
    const mz_prelu_s8_dsp_params *const params = of;
    int32_t i = 0;
#if MZ_ASSEMBLY
    if (count >= 4) {
        i = count & ~3;
        const fours job = {
            .keep = params->keep,
            .offset = params->offset,
            .multiplier = params->multiplier,
            .shift = params->shift,
            .zero = ((uint32_t)params->input_zero_point & 0xFFu) * 0x01010101u,
            .input_zero = mz_pair_of(-params->input_zero_point),
            .alpha_zero = mz_pair_of(-params->alpha_zero_point),
            .end = input + i,
        };
        prelu_fours(&job, input, alpha, output);
    }
#endif
    for (; i < count; i++) {
        output[i] = output_of(params, input[i], alpha[i]);
    }
}

void mz_prelu_s8_dsp(const mz_prelu_s8_dsp_params *params, const int8_t *input,
                     const int8_t *alpha, int8_t *output) {
    mz_broadcast(params, input, alpha, output, prelu);
}
