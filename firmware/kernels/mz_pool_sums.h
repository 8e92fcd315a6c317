/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Sums of int8 values as int16, and means of them: what average pools are made of, as mz_pool.h
 * wants it. */
#ifndef MZ_POOL_SUMS_H
#define MZ_POOL_SUMS_H

#include "kernels/mz_pool.h"

/* So many values of -128 still fit into an int16. */
#define MZ_POOL_SUM_TAPS 256

/* Sums of MZ_POOL_SUM_TAPS taps at most. to: aligned to 4. */
void mz_pool_add_down(const int8_t *from, const mz_pool_taps *taps, int32_t values, void *to);

void mz_pool_add(const void *first, const void *second, int32_t values, void *to);

/* Means, halves away from zero. */
void mz_pool_divide(void *kept, int32_t distance, int32_t runs, int32_t values, int32_t taps,
                    int8_t *output);

#endif
