/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* MUL, int8, with broadcasting. */
#ifndef MZ_MUL_S8_H
#define MZ_MUL_S8_H

#include "kernels/mz_broadcast.h"

typedef struct {
    mz_broadcast_axes axes;
    int32_t first_zero_point, second_zero_point;
    int32_t multiplier, shift; /* product of the factors' scales / output scale */
    int32_t output_zero_point;
    int32_t minimum, maximum; /* fused activation, as int8 values of the output */
} mz_mul_params;

/* No alignment needed. The output may lie over a factor that is not broadcast where it does not
 * begin behind it, and over no other. */
void mz_mul_s8(const mz_mul_params *params, const int8_t *first, const int8_t *second,
               int8_t *output);

#endif
