/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* How kernels of two operands walk these where one may be broadcast. */
#ifndef MZ_BROADCAST_H
#define MZ_BROADCAST_H

#include <stdint.h>

#define MZ_BROADCAST_RANK 4

/* One row of the innermost axis. */
typedef void mz_broadcast_row(const void *params, const int8_t *first, const int8_t *second,
                              int8_t *output);

/* An operand of a row, for kernels that read four elements at a time: where it is one element, `four`
 * times that. Returns where to read; *step: bytes from four elements to the next. */
static inline const int8_t *mz_broadcast_fours(const int8_t *operand, const int32_t *strides,
                                               int8_t *four, int32_t *step) {
    *step = 4 * strides[MZ_BROADCAST_RANK - 1];
    if (*step != 0) {
        return operand;
    }
    for (int32_t i = 0; i < 4; i++) {
        four[i] = *operand;
    }
    return four;
}

/* Every row of the output, upwards. sizes: of the output, outermost first; strides: of each operand
 * in elements, 0 where it is broadcast. */
static inline void mz_broadcast(const int32_t *sizes, const int32_t *first_strides,
                                const int32_t *second_strides, const int8_t *first,
                                const int8_t *second, int8_t *output, mz_broadcast_row *row,
                                const void *params) {
    const int32_t *const a = first_strides, *const b = second_strides;
    for (int32_t i = 0; i < sizes[0]; i++) {
        for (int32_t j = 0; j < sizes[1]; j++) {
            for (int32_t k = 0; k < sizes[2]; k++) {
                row(params, first + (i * a[0] + j * a[1] + k * a[2]),
                    second + (i * b[0] + j * b[1] + k * b[2]), output);
                output += sizes[3];
            }
        }
    }
}

#endif
