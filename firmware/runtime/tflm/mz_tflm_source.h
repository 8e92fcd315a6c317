/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The model that the TFLM adapter runs: one that is linked in, or one that was uploaded. */
#ifndef MZ_TFLM_SOURCE_H
#define MZ_TFLM_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/mz_runtime.h"

/* An operator as TFLM runs it. `index` is that in the file which the user knows. */
typedef struct {
    uint16_t index;
    uint16_t output; /* tensor of the model that TFLM runs */
    uint32_t output_bytes;
} mz_tflm_op;

typedef enum { MZ_TFLM_IDLE, MZ_TFLM_SETS_UP, MZ_TFLM_RUNS } mz_tflm_stage;

#define MZ_TFLM_NO_OP 0xffffffffu

/* What TFLM is doing, and with which operator, in the order in which it runs them; MZ_TFLM_NO_OP when
 * nobody knows. */
mz_tflm_stage mz_tflm_doing(uint32_t *op);

/* The .tflite file, 16-byte aligned; NULL when there is none. */
const uint8_t *mz_tflm_model(void);

/* Why there is none. */
const char *mz_tflm_no_model(void);

/* What is known of it before it is set up; arena_used is not. */
const mz_model_info *mz_tflm_model_info(void);

/* The number-th operator, in the order in which TFLM runs them; false beyond the last. */
bool mz_tflm_model_op(uint32_t number, mz_tflm_op *op);

#endif
