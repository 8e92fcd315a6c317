/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_prelu_s8_dsp.h"

#include "kernels/mz_pairs.h"

/* One of value and leak is zero, and so is its part but for the output's zero point. */
static inline uint32_t output_of(const mz_prelu_s8_dsp_params *p, int32_t value, int32_t leak) {
    const int32_t number = (int32_t)((uint32_t)leak << p->leaked.up);
    const int32_t sign = p->leaked.offset + (number >> 31 & p->leaked.bend) * 128;
    const int32_t leaked =
        mz_high_product(number, p->leaked.multiplier, sign) >> p->leaked.shift;
    const int32_t kept =
        mz_high_product((int32_t)((uint32_t)value << p->kept.up), p->kept.multiplier,
                        p->kept.offset) >>
        p->kept.shift;
    return (uint32_t)mz_saturated(kept + leaked);
}

static inline int32_t above(int32_t value) {
    return value & ~(value >> 31);
}

static inline int32_t below(int32_t value) {
    return value & value >> 31;
}

/* The outputs of a pair of values and their alphas, both less their zero points. */
static inline uint32_t pair_of(const mz_prelu_s8_dsp_params *p, uint32_t x, uint32_t alpha) {
    const int32_t first = mz_pair_first(x), second = mz_pair_second(x);
    return mz_pair_firsts(
        output_of(p, above(first), below(first) * mz_pair_first(alpha)),
        output_of(p, above(second), below(second) * mz_pair_second(alpha)));
}

static void prelu_row(const void *of, const int8_t *input, const int8_t *alpha, int8_t *output) {
    const mz_prelu_s8_dsp_params params = *(const mz_prelu_s8_dsp_params *)of;
    const int32_t count = params.sizes[MZ_BROADCAST_RANK - 1];
    const uint32_t x_zero = mz_pair_of(-params.input_zero_point);
    const uint32_t a_zero = mz_pair_of(-params.alpha_zero_point);
    int8_t four[4], input_four[4];
    int32_t step, input_step;
    const int8_t *x = mz_broadcast_fours(input, params.input_strides, input_four, &input_step);
    const int8_t *a = mz_broadcast_fours(alpha, params.alpha_strides, four, &step);
    int32_t i = 0;
    for (; i + 4 <= count; i += 4, x += input_step, a += step) {
        const uint32_t values = mz_word_load(x), alphas = mz_word_load(a);
        const uint32_t even = pair_of(&params, mz_pair_add_even(x_zero, values),
                                      mz_pair_add_even(a_zero, alphas));
        const uint32_t odd = pair_of(&params, mz_pair_add_odd(x_zero, values),
                                     mz_pair_add_odd(a_zero, alphas));
        mz_word_store(output + i, mz_pair_bytes(even, odd));
    }
    for (; i < count; i++, x += input_step / 4, a += step / 4) {
        const int32_t value = *x - params.input_zero_point;
        output[i] = (int8_t)output_of(&params, above(value),
                                      below(value) * (*a - params.alpha_zero_point));
    }
}

void mz_prelu_s8_dsp(const mz_prelu_s8_dsp_params *params, const int8_t *input,
                     const int8_t *alpha, int8_t *output) {
    mz_broadcast(params->sizes, params->input_strides, params->alpha_strides, input, alpha, output,
                 prelu_row, params);
}
