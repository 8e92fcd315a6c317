/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* One of the tensors that CONCATENATION puts together, int8, copied to its place in the output. */
#ifndef MZ_CONCATENATE_S8_H
#define MZ_CONCATENATE_S8_H

#include <stdint.h>

typedef struct {
    int32_t rows;             /* what lies along the axes before the one of concatenation */
    int32_t input_row_bytes;  /* of a row of this input */
    int32_t output_row_bytes; /* of a row of the output: those of all inputs, one after the other */
    int32_t offset;           /* of this input in it, bytes */
} mz_concatenate_params;

/* No alignment needed. Input and output must not overlap. Writes rows * input_row_bytes bytes of the
 * output and leaves the others as they are. */
void mz_concatenate_s8(const mz_concatenate_params *params, const int8_t *restrict input,
                       int8_t *restrict output);

#endif
