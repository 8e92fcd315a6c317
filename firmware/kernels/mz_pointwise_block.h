/* The inner loops of the pointwise kernel: blocks of four pixels, for each all channels in pairs.
 *
 * Weights arrive two to a halfword, 256 * w1 + w0. Times x1 that is 256 * w1 * x1 + w0 * x1. The
 * sign-extended low byte, w0, meets 256 * x0 + 127 - x1, and the sum of both products is
 * 256 * (w0 * x0 + w1 * x1) + 127 * w0: two of four weights are never unpacked, the activations are
 * mixed once for all channels, and the 127, which keeps the mixture within int16, is a matter of
 * the sum's start value. So every sum is 256 times the accumulator.
 *
 * From sum to output, in one of two ways; `high` is the upper word of a signed 64-bit product.
 * exact = 0: (high(sum * multiplier) + offset) >> MZ_POINTWISE_SHIFT, saturated to int8. One
 *   straight line where TFLM rounds twice; the generator found multiplier and start value so that
 *   no sum which the layer can reach falls on another output.
 * exact = 1: (high(sum * multiplier) + offset - (sum < 0 ? 128 : 0)) >> shift, saturated. TFLM's
 *   rounding in all cases: the 64 in the offset rounds to its first result, in units of 1/128, half
 *   of 1 << shift to the second, and halves of negative numbers go down. */
#ifndef MZ_POINTWISE_BLOCK_H
#define MZ_POINTWISE_BLOCK_H

#include <stdint.h>

#define MZ_POINTWISE_SHIFT 11
#define MZ_POINTWISE_PIXELS 4

/* The assembly copies this to its stack as it is, so the order of the fields counts. */
typedef struct {
    int8_t *output[MZ_POINTWISE_PIXELS];
    const int32_t *weights_end; /* behind the last whole pair */
    int32_t *scratch;           /* 32 bytes for every four input channels */
    int32_t skip;               /* of the unrolled loop, in its first pass */
    int32_t again;              /* 1: the unrolled loop takes several passes */
    int32_t *scratch_end;
    int32_t exact;
    const int32_t *weights;
    const int8_t *input[MZ_POINTWISE_PIXELS];
    int32_t input_step, output_step; /* from behind a block's pixel to the next block's */
    int32_t blocks;
    const int32_t *stream_end; /* behind the last channel; beyond weights_end when it is odd */
} mz_pointwise_job;

/* How many quads of input channels the unrolled loop takes; the first quad stands before it. */
#define MZ_POINTWISE_UNROLL 16

void mz_pointwise_run(const mz_pointwise_job *job);

#endif
