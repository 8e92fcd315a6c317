/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* mz_runtime.h for C that was generated ahead of time and consumes its input row by row. */
#include "mz_model.h"
#include "runtime/aot/mz_rows.h"
#include "runtime/mz_runtime.h"

static mz_row_state states[MZ_ROW_STAGES];
static const mz_rows rows = {mz_model_rows, states, MZ_ROW_STAGES};
static uint32_t arrived;

void mz_runtime_input_begin(void) {
    arrived = 0u;
    mz_rows_begin(&rows);
}

int8_t *mz_runtime_input_room(uint32_t *bytes) {
    int32_t room;
    int8_t *const to = mz_rows_room(&rows, &room);
    const uint32_t missing = mz_model.input.bytes - arrived;
    *bytes = (uint32_t)room < missing ? (uint32_t)room : missing;
    return to;
}

void mz_runtime_input_taken(uint32_t bytes) {
    arrived += bytes;
    mz_rows_taken(&rows, (int32_t)bytes);
}

mz_status mz_runtime_invoke(mz_op_hook hook, void *context) {
    if (arrived == 0u) {
        mz_runtime_input_begin();
    }
    while (arrived < mz_model.input.bytes) {
        uint32_t bytes;
        int8_t *const to = mz_runtime_input_room(&bytes);
        for (uint32_t i = 0u; i < bytes; i++) {
            to[i] = 0;
        }
        mz_runtime_input_taken(bytes);
    }
    mz_model_invoke(hook, context);
    return MZ_OK;
}
