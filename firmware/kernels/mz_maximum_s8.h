/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* MAXIMUM and MINIMUM, int8, with broadcasting. */
#ifndef MZ_MAXIMUM_S8_H
#define MZ_MAXIMUM_S8_H

#include "kernels/mz_broadcast.h"

typedef struct {
    mz_broadcast_axes axes;
    int32_t flip; /* 0 for MAXIMUM; -1 for MINIMUM, the greater of both complements */
} mz_maximum_params;

/* No alignment needed. The output may lie over an operand that is not broadcast where it does not
 * begin behind it, and over no other. */
void mz_maximum_s8(const mz_maximum_params *params, const int8_t *first, const int8_t *second,
                   int8_t *output);

#endif
