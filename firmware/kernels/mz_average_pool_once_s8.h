/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* AVERAGE_POOL_2D to one pixel, int8. */
#ifndef MZ_AVERAGE_POOL_ONCE_S8_H
#define MZ_AVERAGE_POOL_ONCE_S8_H

#include "kernels/mz_pool.h"

/* As mz_average_pool_2d_s8, of a single window of MZ_POOL_SUM_TAPS taps at most: 0.9 KB less code. */
void mz_average_pool_once_s8(const mz_pool_params *params, const int8_t *input, int8_t *output);

#endif
