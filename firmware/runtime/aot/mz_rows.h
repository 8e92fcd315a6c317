/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Runs kernels on an image band by band; a band is a few rows. Each kernel (a stage) works on the
 * rows that the stage before it made. The first stage takes its rows as they arrive, or from a whole
 * image. Of what the stages make only the output of the last one is ever whole in memory. */
#ifndef MZ_ROWS_H
#define MZ_ROWS_H

#include <stdbool.h>
#include <stdint.h>

/* A band as a kernel sees it: like a complete image. */
typedef struct {
    int32_t input_rows;
    int32_t output_rows;
    int32_t pad_top, pad_bottom; /* padding rows above and below; 0 inside the whole image */
    int32_t first_row; /* of the output, in the whole image */
    const int8_t *side; /* the second operand's rows, from first_row on; see back */
} mz_band;

typedef struct {
    void (*run)(const mz_band *band, const int8_t *input, int8_t *output);
    int32_t input_rows, input_row_bytes;
    int32_t output_rows, output_row_bytes;
    int32_t window, stride, pad_top; /* which input rows an output row reads */
    int32_t band_rows; /* output rows made at a time */
    /* A second operand of the kernel that is the input of the stage `back` stages before this one:
     * that stage keeps its rows for the one `ahead` of it. 0: none. */
    int32_t back, ahead;
    bool whole; /* the first stage only: the buffer is the whole input, which is only read */
    int8_t *buffer; /* room for (band_rows - 1) * stride + max(window, stride) input rows, plus
                     * the rows that the stage before makes at a time, minus one; more where rows
                     * are kept for another stage */
    int8_t *output; /* the last stage only; the others write into the buffer of the next stage */
} mz_row_stage;

typedef struct {
    int32_t first; /* the input row at the front of the buffer */
    int32_t bytes; /* bytes in the buffer */
    int32_t made; /* output rows made so far */
} mz_row_state;

/* count stages, and one state for each. */
typedef struct {
    const mz_row_stage *stages;
    mz_row_state *states;
    int32_t count;
} mz_rows;

/* Start again. Makes the rows that need no input, if there are any. rows, its stages, states and
 * buffers belong to the caller and stay where they are. The buffers need only the alignment that
 * the kernels of `run` need, and must not overlap another buffer that is in use. */
void mz_rows_begin(const mz_rows *rows);

/* Where to write the next input bytes of the first stage. *bytes, at least 1, is how many of them
 * the stage needs to run. The result has no alignment and is valid until mz_rows_taken. */
int8_t *mz_rows_room(const mz_rows *rows, int32_t *bytes);

/* `bytes` bytes, at most those of mz_rows_room, were written: make all rows that are now
 * possible. */
void mz_rows_taken(const mz_rows *rows, int32_t bytes);

/* Make all rows of the last stage at once. The first stage's input is whole. */
void mz_rows_run(const mz_rows *rows);

#endif
