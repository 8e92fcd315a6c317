/* A runtime for upload tests: it refuses a model whose first byte is 'R', faults in the set-up of one
 * with 'S' and in the first run of one with 'F', and in that of one with 'D', where the report gets
 * lost. Any other it takes, and its output depends on every byte of model and input. Each set-up and invocation leaves a line on stderr. */
#include <stdio.h>
#include <string.h>

#include "app/mz_app.h"
#include "port/mz_port.h"
#include "runtime/mz_runtime.h"
#include "upload/mz_upload.h"
#include "upload/slot/mz_model_slot.h"

#define SMALL_ROOM 3000
#define LARGE_ROOM 20000
#define TENSOR_BYTES 1500

static _Alignas(16) uint8_t small[SMALL_ROOM];
static _Alignas(16) uint8_t large[LARGE_ROOM];
const mz_model_room mz_model_rooms[] = {{small, sizeof small}, {large, sizeof large}};
const uint32_t mz_model_room_count = 2u;

static _Alignas(16) int8_t input[TENSOR_BYTES];
static int8_t output[TENSOR_BYTES];
static const char *error = "";

static const mz_model_info none = {
    .runtime = "slot", .input = {.name = ""}, .output = {.name = ""}};
static mz_model_info info;
static const uint8_t *model;
static uint32_t model_bytes;

static const char *doing = "";

bool mz_runtime_busy(void) {
    return doing[0] != '\0';
}

const char *mz_runtime_doing(void) {
    return doing;
}

/* As port/cortex_m7/mz_fault.c does it. */
static void fault(bool reported) {
    static const mz_fault fault = {.kind = 6u, .pc = 0x30001234u};
    if (reported) {
        mz_app_report_fault(&fault);
    } else {
        (void)mz_upload_fault();
    }
    mz_port_reset();
}

/* Also after a measurement: then it sets up what was uploaded. */
mz_status mz_runtime_init(void) {
    if (model != NULL) {
        return MZ_OK;
    }
    error = "no model has been uploaded";
    info = none;
    return MZ_NO_MODEL;
}

mz_status mz_runtime_init_within(uint32_t arena_bytes, bool recorded) {
    (void)arena_bytes;
    (void)recorded;
    return model == NULL ? mz_runtime_init() : MZ_OK;
}

mz_arena_use mz_runtime_arena_use(void) {
    return (mz_arena_use){.used_bytes = TENSOR_BYTES};
}

void mz_runtime_unload(void) {
    fputs("unload\n", stderr);
    model = NULL;
    (void)mz_runtime_init();
}

mz_status mz_runtime_load(const uint8_t *bytes, uint32_t count, const uint8_t *sha256) {
    fprintf(stderr, "load %s\n", bytes == small ? "small" : "large");
    mz_runtime_unload();
    if (bytes[0] == 'S') {
        doing = "the set-up of op 2 CONV_2D";
        fault(true);
    }
    if (bytes[0] == 'R') {
        error = "Failed to resize buffer. Requested: 98304, available 65536, missing: 32768";
        return MZ_ERROR_INIT;
    }
    static const mz_model_info loaded = {
        .runtime = "slot",
        .input = {"image", MZ_INT8, 2, {1, TENSOR_BYTES}, 0.5f, -1, TENSOR_BYTES},
        .output = {"scores", MZ_INT8, 2, {1, TENSOR_BYTES}, 0.25f, 3, TENSOR_BYTES},
        .arena_bytes = 2 * TENSOR_BYTES,
        .arena_used = TENSOR_BYTES,
        .op_count = 2,
    };
    info = loaded;
    memcpy(info.model_sha256, sha256, sizeof info.model_sha256);
    model = bytes;
    model_bytes = count;
    error = "";
    return MZ_OK;
}

const mz_model_info *mz_runtime_info(void) {
    return &info;
}

int8_t *mz_runtime_input(void) {
    return input;
}

const int8_t *mz_runtime_output(void) {
    return output;
}

const char *mz_runtime_error(void) {
    return error;
}

mz_status mz_runtime_invoke(mz_op_hook hook, void *context) {
    fputs("invoke\n", stderr);
    if (model[0] == 'F' || model[0] == 'D') {
        doing = "op 3 SOFTMAX";
        fault(model[0] == 'F');
    }
    uint32_t sum = 0u;
    for (uint32_t i = 0u; i < model_bytes; i++) {
        sum = sum * 31u + model[i];
    }
    for (uint32_t i = 0u; i < TENSOR_BYTES; i++) {
        sum = sum * 31u + (uint8_t)input[i];
        output[i] = (int8_t)(uint8_t)(sum >> 7);
    }
    memset(input, 0x55, sizeof input);
    if (hook != NULL) {
        hook(0, 0, output, TENSOR_BYTES, context);
    }
    return MZ_OK;
}
