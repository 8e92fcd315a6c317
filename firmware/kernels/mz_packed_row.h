/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The inner loops of the fully connected kernels: one row against channels by fours.
 *
 * mz_packed_s8.h has the arithmetic of the sums, mz_requantization.h that of the outputs (exact).
 * firmware/kernels/README.md shows the layouts. */
#ifndef MZ_PACKED_ROW_H
#define MZ_PACKED_ROW_H

#include <stdint.h>

/* The unrolled loop takes so many times eight inputs; the last eight stand behind it. */
#define MZ_ROW_UNROLL 2
#define MZ_ROW_CHANNELS 4

/* What four inputs take in the scratch buffer. */
#define MZ_ROW_QUAD_WORDS 2

/* The assembly copies all but the last to its stack as they are, so the order of the fields
 * counts. */
typedef struct {
    int8_t *output;
    const int32_t *weights_end;
    int32_t *scratch;
    int32_t skip;         /* of the unrolled loop, in its first pass */
    int32_t *scratch_end; /* 16 bytes for every eight inputs */
    int32_t alike;        /* multiplier, offset and shift are here instead of in the stream */
    int32_t multiplier;
    int32_t offset;
    int32_t shift;
    const int32_t *weights;
} mz_row_job;

/* `depth` inputs, a multiple of 4 and not 0, into the scratch buffer, as mz_row_run reads it: 8
 * bytes for every four inputs. scratch: aligned to 4; the input needs no alignment. They must not
 * overlap. */
void mz_row_mix(const int8_t *input, int32_t depth, int32_t *scratch);

/* The same of any number of inputs; behind the last one zeros fill its quad. */
static inline void mz_row_mix_all(const int8_t *input, int32_t depth, int32_t *scratch) {
    const int32_t quads = depth / 4, left = depth % 4;
    int8_t last[4] = {0, 0, 0, 0};
    for (int32_t i = 0; i < left; i++) {
        last[i] = input[4 * quads + i];
    }
    if (quads > 0) {
        mz_row_mix(input, 4 * quads, scratch);
    }
    if (left > 0) {
        mz_row_mix(last, 4, scratch + MZ_ROW_QUAD_WORDS * quads);
    }
}

/* All channels between weights and weights_end, at least four. The job stays as it is. weights and
 * scratch are aligned to 4, the output needs no alignment and overlaps neither. Scratch behind the
 * inputs that mz_row_mix wrote is multiplied by weights that are zero. */
void mz_row_run(const mz_row_job *job);

/* The same, but sums are no outputs yet: accumulators are added to int32 totals of four channels
 * after the other, which begin at job->output, aligned to 4. Streams end with their weights;
 * `alike` and what follows it in the job count for nothing. */
void mz_row_add(const mz_row_job *job);

#endif
