/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What AVERAGE_POOL_2D and MAX_POOL_2D share: windows beside each other are made down the columns
 * first, then across; a single one at once. */
#ifndef MZ_POOL_H
#define MZ_POOL_H

#include <stdint.h>

#include "kernels/mz_window.h"

typedef struct {
    mz_extent input;
    mz_extent output;
    mz_window window;         /* dilation 1 */
    int32_t minimum, maximum; /* fused activation, as int8 values of the output */
} mz_pool_params;

/* Taps below each other and beside each other, and bytes from one to the next. */
typedef struct {
    int32_t rows, row_step;
    int32_t columns, column_step;
} mz_pool_taps;

/* `values` neighbours of the image and of all taps from there on, made one row. */
typedef void mz_pool_down(const int8_t *from, const mz_pool_taps *taps, int32_t values, void *to);

/* `values` neighbours of each of two such, made one. It may lie over either. */
typedef void mz_pool_both(const void *a, const void *b, int32_t values, void *to);

/* Outputs of `runs` runs of `values` neighbours, `distance` values apart, of as many taps each.
 * What was kept may be written over. */
typedef void mz_pool_finish(void *kept, int32_t distance, int32_t runs, int32_t values,
                            int32_t taps, int8_t *output);

/* A function that is called rarely, and not worth to be unrolled. */
#if defined(__clang__)
#define MZ_POOL_RARE __attribute__((noinline, minsize))
#else
#define MZ_POOL_RARE __attribute__((noinline))
#endif

/* Of what is kept at a time. */
#define MZ_POOL_BYTES 256

typedef struct {
    int32_t size; /* bytes of what is kept of a value: 1, 2 or 4 */
    mz_pool_down *down;
    mz_pool_both *both; /* NULL: windows are made one by one */
    mz_pool_finish *finish;
} mz_pool_kind;

/* Pixels and their channels are computed in order; each is written when all that it, and what is
 * before it, is made of has been read. */
void mz_pool(const mz_pool_params *params, const mz_pool_kind *kind, const int8_t *input,
             int8_t *output);

#endif
