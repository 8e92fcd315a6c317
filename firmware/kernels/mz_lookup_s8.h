/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* An output for every int8 value, from a table: the operators of one value at a time, and those of
 * two where the other one is a constant, or one per channel. */
#ifndef MZ_LOOKUP_S8_H
#define MZ_LOOKUP_S8_H

#include <stdint.h>

typedef struct {
    int32_t elements;
    int32_t depth;         /* tables, one for each channel of a pixel; 1: one for all */
    const int8_t *outputs; /* of each table 256, for the inputs -128 to 127 */
} mz_lookup_params;

/* No alignment needed. The output may lie over the input where it does not begin behind it. */
void mz_lookup_s8(const mz_lookup_params *params, const int8_t *input, int8_t *output);

#endif
