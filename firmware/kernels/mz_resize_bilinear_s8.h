/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* RESIZE_BILINEAR, int8. */
#ifndef MZ_RESIZE_BILINEAR_S8_H
#define MZ_RESIZE_BILINEAR_S8_H

#include <stdint.h>

#include "kernels/mz_window.h"

typedef struct {
    mz_extent input, output;
    int32_t step_h, step_w; /* from output pixel to output pixel, in 1/1024 input pixels */
    int32_t first_h, first_w; /* where the first one is */
} mz_resize_bilinear_params;

/* No alignment needed. A row of the output may lie over input that no later row reads. */
void mz_resize_bilinear_s8(const mz_resize_bilinear_params *params, const int8_t *input,
                           int8_t *output);

#endif
