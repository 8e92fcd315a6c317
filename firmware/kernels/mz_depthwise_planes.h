/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The inner loops of mz_depthwise_3x3_s8_dsp: from NHWC to planes, and 3x3 windows over planes. */
#ifndef MZ_DEPTHWISE_PLANES_H
#define MZ_DEPTHWISE_PLANES_H

#include <stdint.h>

/* Planes lie row by row, [row][channel][column], int16; a row has room for MZ_PLANE_ROW columns of all
 * its channels together. MZ_PLANES channels of MZ_PLANE_COLUMNS is how mz_planes_widen fills them. */
#define MZ_PLANES 4
#define MZ_PLANE_COLUMNS 68
#define MZ_PLANE_ROW (MZ_PLANES * MZ_PLANE_COLUMNS)

/* Pixels that are widened at a time, and columns that are computed at a time. */
#define MZ_GROUP 4

/* The window of the first output begins at this column: with one column of padding the image's
 * first pixel is then at an even column in either case. */
#define MZ_PLANES_LEAD(stride) ((stride) == 1 ? 1 : 0)

/* Four channels of `groups` times four pixels in each of `rows` rows, at least one of each.
 * channels: bytes from pixel to pixel; row_bytes: from row to row. pixels: no alignment needed.
 * planes: aligned to 4; the pixels and they must not overlap. */
void mz_planes_widen(const int8_t *pixels, int16_t *planes, int32_t rows, int32_t groups,
                     int32_t channels, int32_t row_bytes);

/* Groups of a channel, line by line. The assembly counts on the order of all but start. */
typedef struct {
    int32_t output_step, last_output; /* bytes from a group's first output to the next and to its last */
    int32_t group_input, group_output; /* bytes from group to group, of the planes and of the output */
    int32_t line_step;                 /* bytes of the planes from line to line */
    int32_t input_skip, output_skip;   /* bytes from behind a line's groups to the next line */
    int32_t line_bytes;                /* of the planes, over which the groups of a line step */
    int32_t end_bytes; /* from the first line to where a line behind the last ends */
    int32_t kind;      /* of groups */
    int32_t start;     /* column of the output */
} mz_planes_pass;

/* Neighbouring channels of the output. The assembly counts on the first three fields. */
typedef struct {
    const int32_t *channels; /* MZ_DEPTHWISE_WORDS of each */
    int32_t count;           /* of channels */
    int32_t plane_bytes;     /* from channel to channel of the planes */
    const int16_t *planes;   /* the first window's upper row */
    int8_t *output;
    int32_t output_step;                      /* bytes from pixel to pixel */
    int32_t columns, rows, row_bytes, stride; /* of the output */
    int32_t passes;
    mz_planes_pass pass[3]; /* whole groups of columns; what is behind them */
} mz_planes_job;

/* Sets all of the job but planes, output, channels and count. plane_columns: from channel to
 * channel of the planes; row_bytes: from row to row of the output. */
void mz_planes_prepare(mz_planes_job *job, int32_t stride, int32_t columns, int32_t rows,
                       int32_t plane_columns, int32_t output_step, int32_t row_bytes);

/* All rows of the job's channels. planes and channels are aligned to 4; the output needs no
 * alignment and overlaps neither. Columns behind a channel's last window are read, too, up to 16
 * bytes behind the last row of planes, and of one or two columns of a single row also the rows of
 * planes that a second one would need; they change nothing. The job stays as it is. */
void mz_planes_convolve(const mz_planes_job *job);

#endif
