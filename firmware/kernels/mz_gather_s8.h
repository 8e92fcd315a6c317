/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* An output that is put together from places of the input, int8: GATHER, MIRROR_PAD,
 * RESIZE_NEAREST_NEIGHBOR. */
#ifndef MZ_GATHER_S8_H
#define MZ_GATHER_S8_H

#include <stdint.h>

#define MZ_GATHER_AXES 4

typedef struct {
    int32_t sizes[MZ_GATHER_AXES];   /* of the output, outermost first; at least 1 */
    int32_t strides[MZ_GATHER_AXES]; /* of the input, bytes; for an axis without a table */
    /* Where in places the axis' table begins; -1: it has none. The innermost one has one. */
    int32_t tables[MZ_GATHER_AXES];
    int32_t run;                     /* bytes that stay together */
    const int32_t *places;           /* tables: the input's offset for each step of the axis, bytes */
} mz_gather_params;

/* No alignment needed but that of places, 4. The output may lie over the input where it is nowhere
 * written before it is read; runs are copied one after the other, upwards. */
void mz_gather_s8(const mz_gather_params *params, const int8_t *input, int8_t *output);

#endif
