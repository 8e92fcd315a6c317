/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* MEAN, int8, over any axes of a tensor of rank 4 or less. */
#ifndef MZ_MEAN_S8_H
#define MZ_MEAN_S8_H

#include <stdint.h>

/* An axis of the input: how many elements, and how far apart they lie (in elements). */
typedef struct {
    int32_t size, stride;
} mz_mean_axis;

typedef struct {
    /* Neighbouring axes that are treated alike count as one, so two of each kind suffice; an
     * axis that is not there has size 1. Outermost first. */
    mz_mean_axis kept[2];
    mz_mean_axis reduced[2];
    int32_t sum_offset;        /* less input zero point times the number of elements averaged */
    int32_t multiplier, shift; /* input scale / output scale / elements averaged */
    int32_t output_zero_point;
} mz_mean_params;

/* No alignment needed. Input and output must not overlap. */
void mz_mean_s8(const mz_mean_params *params, const int8_t *restrict input,
                int8_t *restrict output);

#endif
