/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* AVERAGE_POOL_2D, int8. */
#ifndef MZ_AVERAGE_POOL_2D_S8_H
#define MZ_AVERAGE_POOL_2D_S8_H

#include "kernels/mz_pool.h"

/* Mean over each window, halves away from zero; what lies outside the image does not count. Input
 * and output share their quantization. No alignment needed. Pixels and their
 * channels are computed in order, so the output may lie over the input where it keeps behind what
 * is still to be read. */
void mz_average_pool_2d_s8(const mz_pool_params *params, const int8_t *input,
                           int8_t *output);

#endif
