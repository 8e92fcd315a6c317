/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* LOG_SOFTMAX, int8, along the last axis. The output's scale is 1/16 and its zero point 127. */
#ifndef MZ_LOG_SOFTMAX_S8_H
#define MZ_LOG_SOFTMAX_S8_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t depth; /* elements of a row, 4095 at most */
    /* exp(-input scale * d) in Q0.31 for d = 0..255, the distance below the row's maximum; 0 where
     * the reference cuts off. */
    const int32_t *exponentials;
    int32_t multiplier, shift; /* from a difference of two values to Q5.26 */
    int32_t difference_min;    /* the least difference that does not leave Q5.26 */
    int32_t reverse_multiplier, reverse_shift; /* from Q5.26 to a difference of two values */
} mz_log_softmax_params;

/* No alignment needed. The output may lie over the input where it does not begin behind it. */
void mz_log_softmax_s8(const mz_log_softmax_params *params, const int8_t *input, int8_t *output);

#endif
