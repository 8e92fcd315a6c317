/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What both implementations of the image share: the image, queries about it, and its result.
 *
 * This header defines functions of mz_image.h. Only rows/mz_image_rows.c or whole/mz_image_whole.c
 * includes it; a firmware has one of them. Before the include, that file defines MZ_IMAGE_WINDOW:
 * how many INPUT_DATA frames the host may send ahead. */
#ifndef MZ_IMAGE_RUN_H
#define MZ_IMAGE_RUN_H

#include "image/mz_image.h"
#include "link/mz_crc32.h"
#include "port/mz_port.h"
#include "runtime/mz_runtime.h"

static mz_image image;

const mz_image *mz_image_current(void) {
    return &image;
}

uint8_t mz_image_window(void) {
    return MZ_IMAGE_WINDOW;
}

bool mz_image_is(uint32_t image_id) {
    return image.state != MZ_IMAGE_NONE && image.image_id == image_id;
}

void mz_image_forget(void) {
    image.state = MZ_IMAGE_NONE;
}

static void start_image(uint32_t image_id, uint32_t input_crc32) {
    image.state = MZ_IMAGE_LOADING;
    image.image_id = image_id;
    image.input_crc32 = input_crc32;
    image.next_offset = 0u;
}

/* The cycle counter wraps every few seconds; a sum over the ops measures longer inferences. */
typedef struct {
    uint32_t last;
    uint64_t total;
} mz_stopwatch;

/* The mz_op_hook of a stopwatch; context is the stopwatch. */
static void mz_stopwatch_lap(uint16_t first_op, uint16_t last_op, const int8_t *output,
                             uint32_t bytes, void *context) {
    (void)first_op;
    (void)last_op;
    (void)output;
    (void)bytes;
    mz_stopwatch *watch = context;
    const uint32_t now = mz_port_cycles();
    watch->total += (uint32_t)(now - watch->last);
    watch->last = now;
}

static void keep_result(mz_status status, bool profiled, uint64_t cycles) {
    image.profiled = profiled;
    image.cycles = cycles;
    image.state = status == MZ_OK ? MZ_IMAGE_DONE : MZ_IMAGE_FAILED;
    if (status == MZ_OK) {
        image.output_crc32 = mz_crc32(mz_runtime_output(), mz_runtime_info()->output.bytes);
    }
}

#endif
