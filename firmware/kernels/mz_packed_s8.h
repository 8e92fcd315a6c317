/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Weights two to a halfword: the arithmetic of the kernels with packed weights, in C for their
 * portable twins. Their assembly does the same.
 *
 * A halfword is 256 * w0 + w1. Times x0 that is 256 * w0 * x0 + w1 * x0. The sign-extended low
 * byte, w1, meets 256 * x1 + 127 - x0, and the sum of both products is 256 * (w0 * x0 + w1 * x1) +
 * 127 * w1: half of the weights are never unpacked, the activations are mixed once for all
 * channels, and the 127, which keeps the mixture within int16, is a matter of the sum's start
 * value. So every sum is 256 times the accumulator. A word holds a quad of weights.
 * mz_requantization.h has what follows: the ways line and exact. */
#ifndef MZ_PACKED_S8_H
#define MZ_PACKED_S8_H

#include <stdint.h>

static inline int32_t mz_low_byte(int32_t word) {
    const int32_t byte = word & 0xFF;
    return byte < 128 ? byte : byte - 256;
}

/* sum plus a quad's products: x[0..3] are the activations, word holds their weights. Sums are
 * modulo 2^32, like a register. */
static inline uint32_t mz_add_quad(uint32_t sum, int32_t word, const int8_t *x) {
    const int32_t w1 = mz_low_byte(word), w3 = mz_low_byte(word >> 16);
    const int32_t w0 = mz_low_byte((int32_t)(((uint32_t)word - (uint32_t)w1) >> 8));
    const int32_t raw = (256 * w0 + w1) * x[0] + (word >> 16) * x[2];
    const int32_t low = w1 * (256 * x[1] + 127 - x[0]) + w3 * (256 * x[3] + 127 - x[2]);
    return sum + (uint32_t)raw + (uint32_t)low;
}

#endif
