/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The model that is linked in. */
#include "mz_model.h"
#include "mz_model_data.h"
#include "runtime/tflm/mz_tflm_source.h"

const uint8_t *mz_tflm_model(void) {
    return mz_model_data;
}

const char *mz_tflm_no_model(void) {
    return "";
}

const mz_model_info *mz_tflm_model_info(void) {
    return &mz_model;
}

bool mz_tflm_model_op(uint32_t number, mz_tflm_op *op) {
    if (number >= MZ_TFLM_OPS) {
        return false;
    }
    *op = mz_tflm_ops[number];
    return true;
}
