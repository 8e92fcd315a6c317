/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* mz_runtime.h for C that was generated ahead of time. */
#include "mz_model.h"
#include "runtime/mz_runtime.h"

static const char *error = "";

mz_status mz_runtime_init(void) {
    error = "";
    return MZ_OK;
}

/* The arena was planned ahead of time: a smaller one cannot work. */
mz_status mz_runtime_init_within(uint32_t arena_bytes, bool recorded) {
    error = "";
    if (recorded) {
        error = "the aot runtime allocates nothing that could be recorded";
    } else if (arena_bytes < MZ_ARENA_BYTES) {
        error = "smaller than the arena that was planned ahead of time";
    }
    return error[0] == '\0' ? MZ_OK : MZ_ERROR_INIT;
}

mz_arena_use mz_runtime_arena_use(void) {
    return (mz_arena_use){.used_bytes = MZ_ARENA_BYTES, .head_bytes = MZ_ARENA_BYTES};
}

const mz_model_info *mz_runtime_info(void) {
    return &mz_model;
}

#ifdef MZ_INPUT_OFFSET /* if not defined, the input is consumed as it arrives: mz_runtime_rows.c */
int8_t *mz_runtime_input(void) {
    return MZ_ARENA_AT(MZ_INPUT_OFFSET);
}

mz_status mz_runtime_invoke(mz_op_hook hook, void *context) {
    mz_model_invoke(hook, context);
    return MZ_OK;
}
#endif

const int8_t *mz_runtime_output(void) {
    return MZ_ARENA_AT(MZ_OUTPUT_OFFSET);
}

const char *mz_runtime_error(void) {
    return error;
}
