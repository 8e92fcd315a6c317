/* The inner loops of the pointwise kernel: blocks of four pixels, for each all channels in pairs.
 *
 * The arithmetic is in mz_packed_s8.h. */
#ifndef MZ_PACKED_BLOCK_H
#define MZ_PACKED_BLOCK_H

#include <stdint.h>

#define MZ_BLOCK_PIXELS 4

/* The assembly copies this to its stack as it is, so the order of the fields counts. */
typedef struct {
    int8_t *output[MZ_BLOCK_PIXELS];
    const int32_t *weights_end; /* behind the last whole pair */
    int32_t *scratch;           /* 32 bytes for every four input channels */
    int32_t skip;               /* of the unrolled loop, in its first pass */
    int32_t again;              /* 1: the unrolled loop takes several passes */
    int32_t *scratch_end;
    int32_t exact; /* 0: sums become outputs along a straight line */
    const int32_t *weights;
    const int8_t *input[MZ_BLOCK_PIXELS];
    int32_t input_step, output_step; /* from behind a block's pixel to the next block's */
    int32_t blocks;
    const int32_t *stream_end; /* behind the last channel; beyond weights_end when it is odd */
} mz_block_job;

/* How many quads of input channels the unrolled loop takes; the first quad stands before it. */
#define MZ_BLOCK_UNROLL 16

void mz_block_run(const mz_block_job *job);

#endif
