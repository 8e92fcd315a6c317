/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* PAD and PADV2, int8, of a tensor of rank 4 or less. */
#ifndef MZ_PAD_S8_H
#define MZ_PAD_S8_H

#include <stdint.h>

#define MZ_PAD_RANK 4

typedef struct {
    /* Of the input, outermost first. Innermost axes of which only the first is padded are one. */
    int32_t sizes[MZ_PAD_RANK];
    int32_t before[MZ_PAD_RANK]; /* elements put before each axis */
    int32_t after[MZ_PAD_RANK];  /* elements put after each axis */
    int32_t value;               /* what they hold */
} mz_pad_params;

/* No alignment needed. Input and output must not overlap. */
void mz_pad_s8(const mz_pad_params *params, const int8_t *restrict input,
               int8_t *restrict output);

#endif
