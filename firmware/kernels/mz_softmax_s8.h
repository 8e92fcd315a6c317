/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* SOFTMAX, int8, along the last axis. The output's scale is 1/256 and its zero point -128. */
#ifndef MZ_SOFTMAX_S8_H
#define MZ_SOFTMAX_S8_H

#include <stdint.h>

#define MZ_SOFTMAX_EXPONENTIALS 256

typedef struct {
    int32_t rows;
    int32_t depth; /* elements of a row, 4095 at most */
    /* exp(-beta * input scale * d) in Q0.31 for d = 0..255, the distance below the row's maximum;
     * 0 where the reference cuts off. */
    const int32_t *exponentials;
} mz_softmax_params;

/* No alignment needed. The output may lie over the input where it does not begin behind it. */
void mz_softmax_s8(const mz_softmax_params *params, const int8_t *input, int8_t *output);

#endif
