/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What ADD, SUB and SQUARED_DIFFERENCE share: both operands are brought to twice the larger scale of
 * the two, with more fractional bits. */
#ifndef MZ_ADDENDS_H
#define MZ_ADDENDS_H

#include "kernels/mz_broadcast.h"
#include "kernels/mz_fixedpoint.h"

/* How one operand is brought to the common scale. */
typedef struct {
    int32_t zero_point;
    int32_t multiplier, shift; /* its scale / twice the larger scale of the two */
} mz_add_operand;

typedef struct {
    mz_broadcast_axes axes;
    mz_add_operand operands[2];
    int32_t output_zero_point;
    int32_t output_multiplier, output_shift; /* the common scale, or its square / output scale */
    int32_t minimum, maximum;                /* fused activation, as int8 values of the output */
} mz_add_params;

/* headroom: fractional bits that are added first. */
static inline int32_t mz_rescale_addend(int8_t value, const mz_add_operand *from,
                                        int32_t headroom) {
    const int32_t widened = (value - from->zero_point) * (1 << headroom);
    return mz_multiply_by_quantized(widened, from->multiplier, from->shift);
}

static inline int8_t mz_requantize_addends(int32_t value, const mz_add_params *params) {
    const int32_t scaled =
        mz_multiply_by_quantized(value, params->output_multiplier, params->output_shift);
    return (int8_t)mz_clamp(scaled + params->output_zero_point, params->minimum, params->maximum);
}

#endif
