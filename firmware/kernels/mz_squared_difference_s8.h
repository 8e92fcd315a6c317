/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* SQUARED_DIFFERENCE, (first - second)^2, int8, with broadcasting. */
#ifndef MZ_SQUARED_DIFFERENCE_S8_H
#define MZ_SQUARED_DIFFERENCE_S8_H

#include "kernels/mz_addends.h"

/* No alignment needed. The output may lie over an operand that is not broadcast where it does not
 * begin behind it, and over no other. */
void mz_squared_difference_s8(const mz_add_params *params, const int8_t *first,
                              const int8_t *second, int8_t *output);

#endif
