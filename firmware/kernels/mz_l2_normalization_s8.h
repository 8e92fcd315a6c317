/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* L2_NORMALIZATION, int8, along the last axis. The output's scale is 1/128 and its zero point 0. */
#ifndef MZ_L2_NORMALIZATION_S8_H
#define MZ_L2_NORMALIZATION_S8_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t depth; /* elements of a row, 33025 at most */
    int32_t zero_point;
} mz_l2_normalization_params;

/* No alignment needed. The output may lie over the input where it does not begin behind it. */
void mz_l2_normalization_s8(const mz_l2_normalization_params *params, const int8_t *input,
                            int8_t *output);

#endif
