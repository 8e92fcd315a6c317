/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_requantize_s8.h"

#include "kernels/mz_fixedpoint.h"
#include "kernels/mz_pairs.h"

void mz_requantize_s8(const mz_requantize_params *params, const int8_t *input, int8_t *output) {
    const mz_requantize_params p = *params;
    for (int32_t i = 0; i < p.elements; i++) {
        const int32_t sum = mz_high_product(input[i] * (1 << 24), p.multiplier, p.offset);
        output[i] = (int8_t)mz_clamp(sum >> MZ_REQUANTIZE_SHIFT, p.minimum, p.maximum);
    }
}
