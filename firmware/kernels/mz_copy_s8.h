/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Copying a part of a tensor to a part of another, int8, in any order: TRANSPOSE, SLICE, SPLIT,
 * CONCATENATION and others. */
#ifndef MZ_COPY_S8_H
#define MZ_COPY_S8_H

#include <stdint.h>

#define MZ_COPY_AXES 6

typedef struct {
    int32_t sizes[MZ_COPY_AXES];          /* steps of each loop, outermost first; at least 1 */
    int32_t input_strides[MZ_COPY_AXES];  /* bytes from step to step; 0 repeats, negative reverses */
    int32_t output_strides[MZ_COPY_AXES];
    int32_t input_offset, output_offset;  /* of the first byte */
} mz_copy_params;

/* No alignment needed. Writes sizes[0] * .. * sizes[5] bytes of the output and leaves the others as
 * they are. The bytes go one by one in the order of the loops, so the output may lie over the input
 * where it is nowhere written before it is read. */
void mz_copy_s8(const mz_copy_params *params, const int8_t *input, int8_t *output);

#endif
