/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_requantize_s8.h"

#include "kernels/mz_fixedpoint.h"
#include "kernels/mz_four.h"
#include "kernels/mz_pairs.h"

/* In the upper half of a word. value: in the highest byte. */
static inline uint32_t scaled(uint32_t value, const mz_requantize_params *params) {
    return (uint32_t)mz_high_product((int32_t)value, params->multiplier, params->offset);
}

void mz_requantize_s8(const mz_requantize_params *params, const int8_t *input, int8_t *output) {
    const mz_requantize_params p = *params;
    int32_t i = 0;
#if MZ_HAS_FOUR
    const uint32_t highest = 0xFF000000u;
    const uint32_t least = mz_four_of(p.minimum), most = mz_four_of(p.maximum);
    for (; i + 4 <= p.elements; i += 4) {
        const uint32_t x = mz_word_load(input + i);
        const uint32_t even = mz_pair_seconds(scaled(x << 24, &p), scaled(x << 8 & highest, &p));
        const uint32_t odd = mz_pair_seconds(scaled(x << 16 & highest, &p), scaled(x & highest, &p));
        const uint32_t four = mz_four_larger(mz_pair_outputs(even, odd), least);
        mz_word_store(output + i, mz_four_smaller(four, most));
    }
#endif
    for (; i < p.elements; i++) {
        const int32_t sum = (int32_t)scaled((uint32_t)(uint8_t)input[i] << 24, &p);
        const int32_t value = (sum >> MZ_REQUANTIZE_SHIFT) - 128;
        output[i] = (int8_t)mz_clamp(value, p.minimum, p.maximum);
    }
}
