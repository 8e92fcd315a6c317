/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* ADD, int8, with broadcasting. */
#ifndef MZ_ADD_S8_H
#define MZ_ADD_S8_H

#include <stdint.h>

#define MZ_ADD_RANK 4

/* How one addend is walked and brought to the common scale. */
typedef struct {
    int32_t strides[MZ_ADD_RANK]; /* in elements, outermost first; 0 where it is broadcast */
    int32_t zero_point;
    int32_t multiplier, shift; /* its scale / twice the larger scale of the two */
} mz_add_operand;

typedef struct {
    int32_t sizes[MZ_ADD_RANK]; /* of the output, outermost first */
    mz_add_operand operands[2];
    int32_t output_zero_point;
    int32_t output_multiplier, output_shift; /* twice the larger scale / 2^20 / output scale */
    int32_t minimum, maximum;                /* fused activation, as int8 values of the output */
} mz_add_params;

/* No alignment needed. The output may lie over an addend that is not broadcast where it does not
 * begin behind it, and over no other. */
void mz_add_s8(const mz_add_params *params, const int8_t *first, const int8_t *second,
               int8_t *output);

#endif
