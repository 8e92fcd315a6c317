/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The inner loops of the pointwise kernel and of gathered convolutions: blocks of four pixels, for
 * each all channels in pairs. The kernels beside it are its only callers.
 *
 * mz_packed_s8.h has the arithmetic of the sums, mz_requantization.h that of the outputs.
 * firmware/kernels/README.md shows the layouts. */
#ifndef MZ_PACKED_BLOCK_H
#define MZ_PACKED_BLOCK_H

#include <stdint.h>

#define MZ_BLOCK_PIXELS 4

/* How sums become outputs: along a straight line, exactly, or along a line into planes. */
enum { MZ_BLOCK_LINE, MZ_BLOCK_EXACT, MZ_BLOCK_TO_PLANES };

/* Outputs as int16, every channel in a plane of its own, so that a block's four pixels lie together;
 * channels are even in number. */
typedef struct {
    int16_t *output;     /* of the first channel */
    int32_t step;        /* bytes from plane to plane */
    int32_t jump;        /* and this much more behind each panel of channels */
    int32_t panel_words; /* of the stream, for one panel */
} mz_block_planes;

/* The assembly copies this to its stack as it is, so the order of the fields counts. */
typedef struct {
    union {
        int8_t *output[MZ_BLOCK_PIXELS];
        mz_block_planes planes;
    };
    const int32_t *weights_end; /* behind the last whole pair; to planes: behind the first panel */
    int32_t *scratch;           /* 32 bytes for every four input channels */
    int32_t skip;               /* of the unrolled loop, in its first pass */
    int32_t again;              /* 1: the unrolled loop takes several passes */
    int32_t *scratch_end;
    int32_t outputs; /* MZ_BLOCK_LINE, .. */
    const int32_t *weights;
    const int8_t *input[MZ_BLOCK_PIXELS];
    int32_t input_step, output_step; /* bytes from behind a block's pixel to the next block's */
    int32_t blocks;
    const int32_t *stream_end; /* behind the last channel; beyond weights_end when it is odd */
} mz_block_job;

/* Bytes of a block's scratch memory. Behind a single quad the activations of another are read. */
#define MZ_BLOCK_SCRATCH(depth) (8 * (depth) + ((depth) == 4 ? 8 : 0))

/* How many quads of input channels the unrolled loop takes; the first quad stands before it. */
#define MZ_BLOCK_UNROLL 16

/* Words of a pair's stream beside its weights. */
#define MZ_BLOCK_LINE_WORDS 5
#define MZ_BLOCK_EXACT_WORDS 8

static inline int32_t mz_block_stream_words(int32_t outputs, int32_t depth) {
    return depth / 2 + (outputs == MZ_BLOCK_EXACT ? MZ_BLOCK_EXACT_WORDS : MZ_BLOCK_LINE_WORDS);
}

/* All of a job but pixels and steps, field by field: an initializer would clear them too, by a call
 * of memset. scratch: MZ_BLOCK_SCRATCH(depth) bytes; depth is a multiple of 4. */
static inline void mz_block_prepare(mz_block_job *job, const int32_t *packed, int32_t outputs,
                                    int32_t depth, int32_t channels, int8_t *scratch) {
    const int32_t quads = depth / 4;
    const int32_t stream = mz_block_stream_words(outputs, depth);
    /* The first quad is outside; a first pass that is not whole begins within the loop. */
    const int32_t passes = quads > 1 ? (quads - 2) / MZ_BLOCK_UNROLL + 1 : 1;
    int32_t *const words = (int32_t *)(void *)scratch;
    job->weights_end = packed + channels / 2 * stream;
    job->scratch = words;
    job->skip = passes * MZ_BLOCK_UNROLL - (quads - 1);
    job->again = passes > 1;
    job->scratch_end = words + 8 * quads;
    job->outputs = outputs;
    job->weights = packed;
    job->blocks = 1;
    job->stream_end = packed + (channels + 1) / 2 * stream;
}

/* Mixes `bytes` inputs of each of four pixels, a multiple of 4 and not 0, into the scratch buffer: a
 * window's quads from `quad` on. The pixels need no alignment, and stay as they are. */
void mz_block_mix_pixels(const mz_block_job *job, const int8_t *const *pixels, int32_t quad,
                         int32_t bytes);

/* Mixes `count` inputs of each pixel once more, a multiple of 4, as quads from `quad` on: of what
 * mz_block_mix_pixels made, those at these places of a window, which are even. */
void mz_block_repeat(const mz_block_job *job, const int32_t *places, int32_t quad, int32_t count);

/* All channels of the job's blocks. Without input (NULL) it takes what mz_block_mix_pixels made. The
 * job stays as it is. weights, scratch and planes are aligned to 4; pixels need no alignment. A
 * block is read before any of its outputs is written, blocks in order; scratch overlaps nothing. */
void mz_block_run(const mz_block_job *job);

#endif
