/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_mean_s8.h"

#include "kernels/mz_pairs.h"

static int32_t sum_of_run(const int8_t *input, int32_t count) {
    int32_t sum = 0;
    const uint32_t ones = mz_pair_of(1);
    for (; count >= 4; count -= 4, input += 4) {
        const uint32_t four = mz_word_load(input);
        sum = mz_pair_products(mz_pair_even(four), ones, sum);
        sum = mz_pair_products(mz_pair_odd(four), ones, sum);
    }
    for (; count > 0; count--) {
        sum += *input++;
    }
    return sum;
}

static int32_t sum_of_reduced(const mz_mean_params *params, const int8_t *input) {
    const mz_reduction_axis outer = params->reduced[0], inner = params->reduced[1];
    int32_t sum = 0;
    for (int32_t i = 0; i < outer.size; i++, input += outer.stride) {
        if (inner.stride == 1) {
            sum += sum_of_run(input, inner.size);
            continue;
        }
        const int8_t *value = input;
        for (int32_t j = 0; j < inner.size; j++, value += inner.stride) {
            sum += *value;
        }
    }
    return sum;
}

/* So many values of -128 still fit into an int16. */
#define MOST 256

/* The same of four neighbours. */
static __attribute__((noinline)) void four_sums(const mz_mean_params *params,
                                                const int8_t *input, int32_t *sums) {
    const mz_reduction_axis outer = params->reduced[0], inner = params->reduced[1];
    sums[0] = sums[1] = sums[2] = sums[3] = 0;
    for (int32_t i = 0; i < outer.size; i++, input += outer.stride) {
        const int8_t *values = input;
        for (int32_t left = inner.size; left > 0; left -= MOST) {
            uint32_t even = 0, odd = 0;
            for (int32_t j = left < MOST ? left : MOST; j > 0; j--, values += inner.stride) {
                const uint32_t four = mz_word_load(values);
                even = mz_pair_add_even(even, four);
                odd = mz_pair_add_odd(odd, four);
            }
            sums[0] += mz_pair_first(even);
            sums[1] += mz_pair_first(odd);
            sums[2] += mz_pair_second(even);
            sums[3] += mz_pair_second(odd);
        }
    }
}

static inline int8_t output_of(int32_t sum, const mz_scaling *by, int32_t offset,
                               int32_t zero_point) {
    return (int8_t)mz_saturated(mz_scaled(sum + offset, by) + zero_point);
}

void mz_mean_s8(const mz_mean_params *params, const int8_t *restrict input,
                int8_t *restrict output) {
    const mz_reduction_axis outer = params->kept[0], inner = params->kept[1];
    const mz_scaling by = mz_scaling_of(params->multiplier, params->shift);
    const int32_t offset = params->sum_offset, zero_point = params->output_zero_point;
    for (int32_t i = 0; i < outer.size; i++, input += outer.stride, output += inner.size) {
        int32_t j = 0;
        if (inner.stride == 1 && inner.size >= 4) {
            for (; j < inner.size; j += 4) {
                /* The last four may begin among those before them. */
                const int32_t at = j + 4 <= inner.size ? j : inner.size - 4;
                int32_t sums[4];
                four_sums(params, input + at, sums);
                for (int32_t k = 0; k < 4; k++) {
                    output[at + k] = output_of(sums[k], &by, offset, zero_point);
                }
            }
        }
        for (; j < inner.size; j++) {
            const int32_t sum = sum_of_reduced(params, input + j * inner.stride);
            output[j] = output_of(sum, &by, offset, zero_point);
        }
    }
}
