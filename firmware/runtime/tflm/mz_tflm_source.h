/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The model that the TFLM adapter runs: a model that is linked in, or an uploaded one. */
#ifndef MZ_TFLM_SOURCE_H
#define MZ_TFLM_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/mz_runtime.h"

/* An operator that TFLM runs. `index` is its number in the user's file. */
typedef struct {
    uint16_t index;
    uint16_t output; /* number of the tensor in the model that TFLM runs */
    uint32_t output_bytes;
} mz_tflm_op;

typedef enum { MZ_TFLM_IDLE, MZ_TFLM_SETS_UP, MZ_TFLM_RUNS } mz_tflm_stage;

#define MZ_TFLM_NO_OP 0xffffffffu

/* What TFLM is doing, and with which operator: a number in the order in which TFLM runs them, or
 * MZ_TFLM_NO_OP if it is unknown. */
mz_tflm_stage mz_tflm_doing(uint32_t *op);

/* The .tflite file, 16-byte aligned; NULL if there is none. */
const uint8_t *mz_tflm_model(void);

/* Why there is no file, as text. */
const char *mz_tflm_no_model(void);

/* What is known about the model before the set-up: all except arena_used. */
const mz_model_info *mz_tflm_model_info(void);

/* The operator with this number, in the order in which TFLM runs them; false after the last. */
bool mz_tflm_model_op(uint32_t number, mz_tflm_op *op);

#endif
