/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* An output for every int8 value, from a table: LOGISTIC. */
#ifndef MZ_LOOKUP_S8_H
#define MZ_LOOKUP_S8_H

#include <stdint.h>

typedef struct {
    int32_t elements;
    const int8_t *outputs; /* 256 of them, for the inputs -128 to 127 */
} mz_lookup_params;

/* No alignment needed. The output may lie over the input where it does not begin behind it. */
void mz_lookup_s8(const mz_lookup_params *params, const int8_t *input, int8_t *output);

#endif
