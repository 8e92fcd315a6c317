/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Elementwise change of scale, int8 to int8: QUANTIZE, RELU and RELU6. */
#ifndef MZ_REQUANTIZE_S8_H
#define MZ_REQUANTIZE_S8_H

#include <stdint.h>

#define MZ_REQUANTIZE_SHIFT 16

/* The generator has proven for every value that (high(value * 2^24 * multiplier) + offset) >>
 * MZ_REQUANTIZE_SHIFT, less 128 and clamped, is TFLM's output. high: the upper word of a signed 64-bit
 * product. */
typedef struct {
    int32_t elements;
    int32_t multiplier, offset;
    int32_t minimum, maximum; /* the activation, as int8 values of the output */
} mz_requantize_params;

/* No alignment needed. The output may lie over the input where it does not begin behind it. */
void mz_requantize_s8(const mz_requantize_params *params, const int8_t *input, int8_t *output);

#endif
