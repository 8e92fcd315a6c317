/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Two roundings for a block of channels, for the portable kernels with weights. */
#ifndef MZ_REQUANTIZE_BLOCK_H
#define MZ_REQUANTIZE_BLOCK_H

#include <stdint.h>

#include "kernels/mz_requantization.h"

/* Kernels sum up so many channels at most before they requantize them in one go, in a loop that
 * has the registers to itself. */
#define MZ_BLOCK_CHANNELS 32

/* output[channel..channel + count - 1] from sums[0..count - 1]. sums: aligned to 4. output: of
 * channel 0, no alignment needed. Sums and outputs must not overlap. */
void mz_requantize_block(const mz_requantization *to, const int32_t *restrict sums,
                         int32_t channel, int32_t count, int8_t *restrict output);

#endif
