/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* REDUCE_MAX and REDUCE_MIN, int8, over any axes of a tensor of rank 4 or less. */
#ifndef MZ_REDUCE_MAX_S8_H
#define MZ_REDUCE_MAX_S8_H

#include "kernels/mz_reduction.h"

typedef struct {
    mz_reduction_axis kept[MZ_REDUCTION_AXES];
    mz_reduction_axis reduced[MZ_REDUCTION_AXES];
    int32_t flip; /* 0 for the greatest value; -1 for the least, the greatest of all complements */
} mz_reduce_max_params;

/* No alignment needed. Input and output must not overlap. */
void mz_reduce_max_s8(const mz_reduce_max_params *params, const int8_t *restrict input,
                      int8_t *restrict output);

#endif
