/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The axes of kernels that reduce any axes of a tensor of rank 4 or less. Neighbouring axes that
 * are treated alike count as one, so two of each kind suffice, outermost first; an axis that is not
 * there has size 1. */
#ifndef MZ_REDUCTION_H
#define MZ_REDUCTION_H

#include <stdint.h>

#define MZ_REDUCTION_AXES 2

/* How many elements, and how far apart they lie in the input (in elements). */
typedef struct {
    int32_t size, stride;
} mz_reduction_axis;

#endif
