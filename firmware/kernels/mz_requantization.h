/* From int32 sums to int8 outputs, the last stage of every kernel with weights. */
#ifndef MZ_REQUANTIZATION_H
#define MZ_REQUANTIZATION_H

#include <stdint.h>

#include "kernels/mz_fixedpoint.h"

/* The generator has proven that no sum of this layer, shifted left where its shift says so,
 * reaches 2^30. */
typedef struct {
    const int32_t *multipliers; /* Q0.31 mantissas */
    const int8_t *shifts;       /* exponents -31..31, positive is to the left */
    int32_t per_channel;        /* 1: a multiplier and shift per output channel, 0: one for all */
    int32_t zero_point;         /* of the output */
    int32_t minimum, maximum;   /* fused activation, as int8 values of the output */
} mz_requantization;

/* Kernels sum up at most so many channels before they requantize them in one go, in a loop that
 * has the registers to itself. */
#define MZ_BLOCK_CHANNELS 16

/* output[channel..channel + count - 1] from as many sums. */
static inline void mz_requantize_block(const int32_t *sums, int32_t channel, int32_t count,
                                       const mz_requantization *to, int8_t *restrict output) {
    const int32_t step = to->per_channel;
    const int32_t zero_point = to->zero_point, minimum = to->minimum, maximum = to->maximum;
    const int32_t *multiplier = to->multipliers + channel * step;
    const int8_t *shift = to->shifts + channel * step;
    for (int32_t i = 0; i < count; i++, multiplier += step, shift += step) {
        const int32_t scaled = mz_multiply_by_quantized(sums[i], *multiplier, *shift);
        output[channel + i] = (int8_t)mz_clamp(scaled + zero_point, minimum, maximum);
    }
}

#endif
