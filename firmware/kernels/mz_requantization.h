/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* From int32 sums to int8 outputs, the last stage of every kernel with weights. */
#ifndef MZ_REQUANTIZATION_H
#define MZ_REQUANTIZATION_H

#include <stdint.h>

/* The generator has proven that no sum of this layer, shifted left where its shift says so,
 * reaches 2^30. */
typedef struct {
    const int32_t *multipliers; /* Q0.31 mantissas [channels] */
    const int8_t *shifts;       /* exponents -31..30, positive is to the left [channels] */
    int32_t right_only;         /* 1: every shift is negative, which takes a shorter loop */
    int32_t zero_point;         /* of the output */
    int32_t minimum, maximum;   /* fused activation, as int8 values of the output */
} mz_requantization;

/* Kernels sum up so many channels at most before they requantize them in one go, in a loop that
 * has the registers to itself. */
#define MZ_BLOCK_CHANNELS 32

/* output[channel..channel + count - 1] from as many sums. */
void mz_requantize_block(const mz_requantization *to, const int32_t *restrict sums,
                         int32_t channel, int32_t count, int8_t *restrict output);

#endif
