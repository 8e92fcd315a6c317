/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* MEAN and SUM, int8, over any axes of a tensor of rank 4 or less. */
#ifndef MZ_MEAN_S8_H
#define MZ_MEAN_S8_H

#include "kernels/mz_reduction.h"

typedef struct {
    mz_reduction_axis kept[MZ_REDUCTION_AXES];
    mz_reduction_axis reduced[MZ_REDUCTION_AXES];
    int32_t sum_offset;        /* less input zero point times the number of elements added up */
    int32_t multiplier, shift; /* input scale / output scale, and for MEAN / elements added up */
    int32_t output_zero_point;
} mz_mean_params;

/* No alignment needed. Input and output must not overlap. */
void mz_mean_s8(const mz_mean_params *params, const int8_t *restrict input,
                int8_t *restrict output);

#endif
