/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Kernels that work on an image band by band, each on the rows of the one before: only the last one's
 * output is ever whole in memory. */
#ifndef MZ_ROWS_H
#define MZ_ROWS_H

#include <stdint.h>

/* Rows of an image as a kernel is given them: an image of its own. */
typedef struct {
    int32_t input_rows;
    int32_t output_rows;
    int32_t pad_top, pad_bottom; /* rows of its windows above and below the whole image */
} mz_band;

typedef struct {
    void (*run)(const mz_band *band, const int8_t *input, int8_t *output);
    int32_t input_rows, input_row_bytes;
    int32_t output_rows, output_row_bytes;
    int32_t window, stride, pad_top; /* how many input rows an output row reads, and which */
    int32_t band_rows; /* output rows that are made at a time */
    int8_t *buffer; /* room for (band_rows - 1) * stride + max(window, stride) input rows, and for
                     * those that the stage before makes at a time, less one */
    int8_t *output; /* of the last stage; the others write into the next one's buffer */
} mz_row_stage;

typedef struct {
    int32_t first; /* the input row at the front of the buffer */
    int32_t bytes; /* in the buffer */
    int32_t made; /* output rows */
} mz_row_state;

/* One state for every stage. */
typedef struct {
    const mz_row_stage *stages;
    mz_row_state *states;
    int32_t count;
} mz_rows;

/* Start over. Makes rows that need no input, where there are any. rows, its stages, states and
 * buffers belong to the caller and stay where they are; buffers need no alignment of their own
 * beyond what the kernels of `run` want, and none of them overlaps another that is in use. */
void mz_rows_begin(const mz_rows *rows);

/* Where the first stage's next bytes go, and how many of them until something can be made of them;
 * at least one. Of no known alignment; valid until mz_rows_taken. */
int8_t *mz_rows_room(const mz_rows *rows, int32_t *bytes);

/* So many bytes, at most the room, are there: make all rows that they are enough for. */
void mz_rows_taken(const mz_rows *rows, int32_t bytes);

#endif
