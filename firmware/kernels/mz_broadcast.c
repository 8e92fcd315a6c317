/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_broadcast.h"

#include <stddef.h>

#include "kernels/mz_pairs.h"

#define LAST (MZ_BROADCAST_RANK - 1)
/* Bytes of a run of which an operand is copied: several short rows. */
#define MOST 256

/* One operand in the two innermost axes. */
typedef struct {
    const int8_t *rows;
    int32_t row_step, step;
    int8_t copy[MOST + 15];
    int32_t copied; /* rows of the copy that are those of any place */
} operand;

/* `rows` rows of `length` elements from place `row`, `column` on, one behind the other. */
static __attribute__((noinline)) const int8_t *run_of(operand *from, int32_t row, int32_t column,
                                                      int32_t rows, int32_t length) {
    const int8_t *values = from->rows + (row * from->row_step + column * from->step);
    if (from->step != 0 && (rows == 1 || from->row_step == length)) {
        return values;
    }
    if (from->copied >= rows) {
        return from->copy;
    }
    int8_t *to = from->copy;
    const int32_t read = from->row_step == 0 ? 1 : rows, row_step = from->row_step;
    if (from->step == 0) {
        for (int32_t i = read; i > 0; i--, values += row_step) {
            const uint32_t four = (uint8_t)*values * 0x01010101u;
            int8_t *const next = to + length;
            int8_t *at = to;
            do {
                mz_word_store(at, four);
                mz_word_store(at + 4, four);
                mz_word_store(at + 8, four);
                mz_word_store(at + 12, four);
                at += 16;
            } while (at < next);
            to = next; /* the last words may begin the next row */
        }
    } else {
        for (int32_t i = read; i > 0; i--, values += row_step, to += length) {
            __builtin_memcpy(to, values, (size_t)length);
        }
    }
    if (read < rows) {
        const int32_t bytes = rows * length;
        for (int32_t done = length, more; done < bytes; done += more) {
            more = bytes - done < done ? bytes - done : done;
            __builtin_memcpy(from->copy + done, from->copy, (size_t)more);
        }
    }
    from->copied = from->row_step == 0 ? rows : 0;
    return from->copy;
}

void mz_broadcast(const void *params, const int8_t *first, const int8_t *second, int8_t *output,
                  mz_broadcast_run *run) {
    const mz_broadcast_axes *const axes = params;
    const int32_t *const sizes = axes->sizes;
    const int32_t *const a = axes->first_strides, *const b = axes->second_strides;
    const int32_t rows = sizes[LAST - 1], length = sizes[LAST];
    /* Many short rows at once, a multiple of four bytes; or a long one, whole where it is not
     * copied. */
    const int32_t whole = a[LAST] != 0 && b[LAST] != 0;
    const int32_t columns = whole || length < MOST ? length : MOST;
    const int32_t fit = columns < MOST ? MOST / columns : 1;
    const int32_t together = fit >= 4 ? fit & ~3 : fit;
    operand x, y;
    x.row_step = a[LAST - 1], x.step = a[LAST];
    y.row_step = b[LAST - 1], y.step = b[LAST];
    for (int32_t i = 0; i < sizes[0]; i++) {
        for (int32_t j = 0; j < sizes[1]; j++) {
            x.rows = first + (i * a[0] + j * a[1]);
            y.rows = second + (i * b[0] + j * b[1]);
            x.copied = y.copied = 0;
            for (int32_t row = 0; row < rows; row += together) {
                const int32_t many = rows - row < together ? rows - row : together;
                for (int32_t at = 0; at < length; at += columns) {
                    const int32_t wide = length - at < columns ? length - at : columns;
                    run(params, run_of(&x, row, at, many, wide), run_of(&y, row, at, many, wide),
                        output, many * wide);
                    output += many * wide;
                }
            }
        }
    }
}
