/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The inner loop of mz_depthwise_conv_2d_s8_dsp: windows of any size over planes, four outputs of a
 * row at a time. */
#ifndef MZ_DEPTHWISE_TAPS_H
#define MZ_DEPTHWISE_TAPS_H

#include <stdint.h>

/* Outputs that are computed at a time. */
#define MZ_TAPS_GROUP 4

/* How the windows of a group lie in a row of planes, which are taken in words of two columns: at
 * neighbouring columns, where weights come twice, for windows at even columns and at odd ones; at every
 * second column; or farther apart. */
enum { MZ_TAPS_NEIGHBOURS, MZ_TAPS_EVERY_SECOND, MZ_TAPS_APART };

/* Words that are read behind the weights; behind the planes, as much as from row to row of the window
 * and these. They change nothing. */
#define MZ_TAPS_WORDS_BEHIND 4

/* Groups of one channel, line by line: a line is a row of groups or, where that is longer, a column of
 * them. The assembly copies this to its stack as it is. Sums are twice the accumulator. */
typedef struct {
    int8_t *output;
    int32_t step;       /* bytes from output to output of a group */
    int32_t multiplier; /* Q0.31 */
    int32_t offset;     /* half of an output, and where outputs begin */
    int32_t shift;      /* to the right, 1 or more */
    const int32_t *planes;   /* the first window's upper left word */
    const uint32_t *weights; /* of all rows of the window */
    int32_t taps_down;       /* rows of the window */
    int32_t start;           /* of the sums */
    int32_t tap_bytes;       /* of planes, from row to row of the window */
    int32_t group_bytes;     /* of planes, from group to group of a line */
    int32_t group_output;    /* from group to group of outputs */
    int32_t last; /* bytes from a group's first output to its last one, which is stored before the
                   * third and gives way to it if it lies there */
    int32_t line_bytes;  /* of planes, over which the groups of a line step */
    int32_t input_skip;  /* of planes, from behind a line to the next one */
    int32_t output_skip; /* from behind a line of outputs to the next one */
    int32_t lines;
    int32_t entry;      /* mz_taps_entry */
    int32_t way, words; /* words: of a row of the window */
    int32_t apart;      /* columns of planes from window to window */
} mz_taps_job;

/* The job's entry, for its way and words. */
int32_t mz_taps_entry(int32_t way, int32_t words);

/* The job stays as it is. */
void mz_taps_run(const mz_taps_job *job);

#endif
