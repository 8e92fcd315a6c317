/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The model that came over the link. */
#include <stdarg.h>
#include <stddef.h>

#include "mz_model.h"
#include "runtime/tflm/mz_tflite.h"
#include "runtime/tflm/mz_tflm_format.h"
#include "runtime/tflm/mz_tflm_source.h"

#define NONE \
    {.runtime = "tflm", \
     .input = {.name = "", .dtype = MZ_INT8}, \
     .output = {.name = "", .dtype = MZ_INT8}, \
     .arena_bytes = MZ_ARENA_BYTES}

static const mz_model_info none = NONE;
static mz_model_info info = NONE;
static mz_tflite model; /* bytes is NULL if there is none */
static char reason[121];

const uint8_t *mz_tflm_model(void) {
    return model.bytes;
}

const char *mz_tflm_no_model(void) {
    return reason[0] != '\0' ? reason : "no model has been uploaded";
}

const mz_model_info *mz_tflm_model_info(void) {
    return &info;
}

bool mz_tflm_model_op(uint32_t number, mz_tflm_op *op) {
    if (model.bytes == NULL || number >= model.op_count) {
        return false;
    }
    op->index = (uint16_t)number;
    op->output = mz_tflite_op_output(&model, (uint16_t)number, &op->output_bytes);
    return true;
}

static void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)mz_tflm_format(reason, sizeof reason, format, arguments);
    va_end(arguments);
}

bool mz_runtime_busy(void) {
    uint32_t op;
    return mz_tflm_doing(&op) != MZ_TFLM_IDLE;
}

const char *mz_runtime_doing(void) {
    uint32_t op;
    const bool sets_up = mz_tflm_doing(&op) == MZ_TFLM_SETS_UP;
    const char *const name = op == MZ_TFLM_NO_OP ? "" : mz_tflite_name_of(&model, op);
    if (op == MZ_TFLM_NO_OP) {
        say("%s", sets_up ? "its set-up" : "its run");
    } else {
        say("%sop %u%s%s", sets_up ? "the set-up of " : "", (unsigned)op,
            name[0] != '\0' ? " " : "", name);
    }
    return reason;
}

static void forget(void) {
    const mz_tflite nothing = {.bytes = NULL};
    model = nothing;
    info = none;
}

void mz_runtime_unload(void) {
    forget();
    reason[0] = '\0';
    (void)mz_runtime_init();
}

mz_status mz_runtime_load(const uint8_t *file, uint32_t bytes, const uint8_t *sha256) {
    mz_runtime_unload();
    /* Nothing else uses the arena before the set-up of the runtime. */
    const mz_tflite_scratch scratch = {mz_arena, MZ_ARENA_BYTES};
    const mz_fb_fault fault = mz_tflite_open(&model, file, bytes, scratch, MZ_ARENA_BYTES);
    if (fault.text != NULL) {
        forget();
        if (fault.part == NULL) {
            say("%s", fault.text);
        } else {
            const char *const name = fault.name != NULL ? fault.name : "";
            say("%s %u%s%s %s", fault.part, (unsigned)fault.index, name[0] != '\0' ? " " : "", name,
                fault.text);
        }
        (void)mz_runtime_init();
        return MZ_ERROR_INIT;
    }
    for (uint32_t i = 0u; i < MZ_SHA256_BYTES; i++) {
        info.model_sha256[i] = sha256[i];
    }
    info.input = model.input;
    info.output = model.output;
    info.op_count = model.op_count;
    const mz_status status = mz_runtime_init();
    if (status != MZ_OK) { /* TFLM gave a message; keep it for mz_runtime_error */
        forget();
    }
    return status;
}
