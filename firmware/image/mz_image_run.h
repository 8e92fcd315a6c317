/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What running an image is to both kinds of it. */
#ifndef MZ_IMAGE_RUN_H
#define MZ_IMAGE_RUN_H

#include "image/mz_image.h"
#include "link/mz_crc32.h"
#include "port/mz_port.h"
#include "runtime/mz_runtime.h"

/* The cycle counter wraps every few seconds; adding it up op by op measures longer inferences. */
typedef struct {
    uint32_t last;
    uint64_t total;
} mz_stopwatch;

/* The mz_op_hook of a stopwatch, its context. */
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

static void mz_image_keep_result(mz_image *image, mz_status status, bool profiled,
                                 uint64_t cycles) {
    image->profiled = profiled;
    image->cycles = cycles;
    image->state = status == MZ_OK ? MZ_IMAGE_DONE : MZ_IMAGE_FAILED;
    if (status == MZ_OK) {
        image->output_crc32 = mz_crc32(mz_runtime_output(), mz_runtime_info()->output.bytes);
    }
}

#endif
