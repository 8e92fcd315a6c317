/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* How kernels of two operands walk these where one may be broadcast. */
#ifndef MZ_BROADCAST_H
#define MZ_BROADCAST_H

#include <stdint.h>

#define MZ_BROADCAST_RANK 4

/* What the parameters of every kernel of two operands begin with. */
typedef struct {
    int32_t sizes[MZ_BROADCAST_RANK]; /* of the output, outermost first */
    /* Of each operand in elements, outermost first: 0 where it is broadcast. The innermost is 0
     * or 1. */
    int32_t first_strides[MZ_BROADCAST_RANK], second_strides[MZ_BROADCAST_RANK];
} mz_broadcast_axes;

/* `count` neighbours of both operands and of the output. */
typedef void mz_broadcast_run(const void *params, const int8_t *first, const int8_t *second,
                              int8_t *output, int32_t count);

/* Every run of the output, upwards; what is broadcast lies in a copy, repeated. params: begins with
 * mz_broadcast_axes. */
void mz_broadcast(const void *params, const int8_t *first, const int8_t *second, int8_t *output,
                  mz_broadcast_run *run);

#endif
