/* A runtime for link tests: its output depends on every input byte, and like a real one it consumes
 * its input. The environment makes it fail; each invocation leaves a line on stderr, and lasts while
 * there is a file ECHO_HOLD.
 * WITH_ROWS it takes its input in pieces, through room for a few bytes. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/mz_app.h"
#include "port/mz_port.h"
#include "runtime/mz_runtime.h"

#ifndef INPUT_BYTES
#define INPUT_BYTES 4096
#endif
#ifndef OUTPUT_BYTES
#define OUTPUT_BYTES 1500
#endif

static _Alignas(16) int8_t input[INPUT_BYTES];
static int8_t output[OUTPUT_BYTES];
static const char *error = "";
static uint32_t arena_bytes = INPUT_BYTES + OUTPUT_BYTES;
static mz_arena_use use;

static const mz_model_info info = {
    .runtime = "echo",
    .model_sha256 = {0xec, 0x40, 0x01},
    .input = {"image", MZ_INT8, 4, {1, INPUT_BYTES / 32, 8, 4}, 0.0078125f, -1, INPUT_BYTES},
    .output = {"scores", MZ_INT8, 2, {1, OUTPUT_BYTES}, 0.00390625f, -128, OUTPUT_BYTES},
    .arena_bytes = INPUT_BYTES + OUTPUT_BYTES,
    .arena_used = INPUT_BYTES,
    .op_count = 1,
};

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

static void fault(void) {
    const mz_fault recorded = {.kind = 5, .pc = 0x60002468, .cfsr = 0x8200, .bfar = 0xdead0000};
    mz_app_report_fault(&recorded);
    mz_port_reset();
}

mz_status mz_runtime_init(void) {
    if (strcmp(setting("ECHO_INIT"), "fail") == 0) {
        error = "the arena is 16 bytes too small";
        return MZ_ERROR_INIT;
    }
    return mz_runtime_init_within(info.arena_bytes, false);
}

/* Needs INPUT_BYTES to be set up, and seven more to run. */
mz_status mz_runtime_init_within(uint32_t bytes, bool recorded) {
    if (bytes < INPUT_BYTES && strcmp(setting("ECHO_SMALL"), "fault") == 0) {
        fault();
    }
    error = bytes < INPUT_BYTES ? "the arena is too small to be set up" : "";
    arena_bytes = bytes;
    use = (mz_arena_use){
        .used_bytes = INPUT_BYTES + 7u,
        .head_bytes = INPUT_BYTES,
        .tail_bytes = 7u,
        .recorded = recorded,
    };
    for (uint32_t i = 0; recorded && i < MZ_ARENA_PARTS; i++) {
        use.parts[i] = (mz_arena_part){i, 10u + i, 100u + i};
    }
    return bytes < INPUT_BYTES ? MZ_ERROR_INIT : MZ_OK;
}

mz_arena_use mz_runtime_arena_use(void) {
    return use;
}

const mz_model_info *mz_runtime_info(void) {
    return &info;
}

#ifdef WITH_ROWS
static int8_t room[97];
static uint32_t roomy, arrived;

/* More room each time, and little again. */
static void make_room(void) {
    roomy = roomy % sizeof(room) + 1u;
}

void mz_runtime_input_begin(void) {
    arrived = 0u;
    memset(input, 0x55, sizeof(input));
    make_room();
}

int8_t *mz_runtime_input_room(uint32_t *bytes) {
    const uint32_t missing = INPUT_BYTES - arrived;
    *bytes = roomy < missing ? roomy : missing;
    return room;
}

void mz_runtime_input_taken(uint32_t bytes) {
    memcpy(input + arrived, room, bytes);
    memset(room, 0x55, sizeof(room));
    arrived += bytes;
    make_room();
}
#else
int8_t *mz_runtime_input(void) {
    return input;
}
#endif

const int8_t *mz_runtime_output(void) {
    return output;
}

const char *mz_runtime_error(void) {
    return error;
}

static void sleep_ms(long ms) {
    const struct timespec span = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&span, NULL);
}

mz_status mz_runtime_invoke(mz_op_hook hook, void *context) {
    fputs("invoke\n", stderr);
    sleep_ms(atol(setting("ECHO_INVOKE_MS")));
    while (access(setting("ECHO_HOLD"), F_OK) == 0) {
        sleep_ms(2);
    }
    if (arena_bytes < INPUT_BYTES + 7u) {
        error = "the arena is too small to run";
        return MZ_ERROR_INVOKE;
    }
    if (strcmp(setting("ECHO_INVOKE"), "fail") == 0) {
        error = "operator 0 failed";
        return MZ_ERROR_INVOKE;
    }
    if (strcmp(setting("ECHO_INVOKE"), "reset") == 0) {
        mz_port_reset();
    }
    if (strcmp(setting("ECHO_INVOKE"), "fault") == 0) {
        fault();
    }
    uint32_t sum = 0;
    for (uint32_t i = 0; i < INPUT_BYTES; i++) {
        sum = sum * 31u + (uint8_t)input[i];
    }
    for (uint32_t i = 0; i < OUTPUT_BYTES; i++) {
        output[i] = (int8_t)(uint8_t)((sum >> i % 25u) + (uint8_t)input[i * 7u % INPUT_BYTES]);
    }
    memset(input, 0x55, sizeof(input));
    if (hook != NULL) {
        /* The last kernel's output is the model's; those before it give one byte each or nothing. */
        const uint16_t kernels = (uint16_t)atol(setting("ECHO_KERNELS"));
        for (uint16_t op = 1; op < kernels; op++) {
            const bool here = op % 3u != 0u;
            hook(2u * op - 2u, 2u * op - 1u, here ? output + op : NULL, here ? 1u : 0u, context);
        }
        hook(2u * kernels, 2u * kernels, output, OUTPUT_BYTES, context);
    }
    return MZ_OK;
}
