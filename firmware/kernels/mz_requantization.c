/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_requantization.h"

#include "kernels/mz_four.h"

void mz_clamp_outputs(int8_t *output, int32_t count, int32_t minimum, int32_t maximum) {
    if (minimum <= -128 && maximum >= 127) {
        return;
    }
    int32_t i = 0;
#if MZ_HAS_FOUR
    const uint32_t least = mz_four_of(minimum), most = mz_four_of(maximum);
    for (; i + 4 <= count; i += 4) {
        const uint32_t four = mz_four_larger(mz_word_load(output + i), least);
        mz_word_store(output + i, mz_four_smaller(four, most));
    }
#endif
    for (; i < count; i++) {
        const int32_t value = output[i];
        output[i] = (int8_t)(value < minimum ? minimum : value > maximum ? maximum : value);
    }
}

void mz_move_outputs(int8_t *output, int32_t count, int32_t zero_point, int32_t maximum) {
    if (zero_point == -128 && maximum == 127) {
        return;
    }
    int32_t i = 0;
#if MZ_HAS_FOUR
    const uint32_t begin = mz_four_of(zero_point + 128), most = mz_four_of(maximum);
    for (; i + 4 <= count; i += 4) {
        const uint32_t four = mz_four_moved(mz_word_load(output + i), begin);
        mz_word_store(output + i, mz_four_smaller(four, most));
    }
#endif
    for (; i < count; i++) {
        const int32_t value = output[i] + zero_point + 128;
        output[i] = (int8_t)(value > maximum ? maximum : value);
    }
}
