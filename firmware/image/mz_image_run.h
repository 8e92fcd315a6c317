/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What both implementations of the image share: the image, queries about it, and its result.
 *
 * This header defines functions of mz_image.h. Only rows/mz_image_rows.c or whole/mz_image_whole.c
 * includes it; a firmware has one of them. Before the include, that file defines MZ_IMAGE_WINDOW:
 * how many INPUT_DATA frames the host may send ahead. */
#ifndef MZ_IMAGE_RUN_H
#define MZ_IMAGE_RUN_H

#include <stddef.h>

#include "image/mz_image.h"
#include "link/mz_crc32.h"
#include "port/mz_port.h"
#include "runtime/mz_runtime.h"

static mz_image image;

/* The result before: only its output is moved, when the next image begins. */
static mz_image before;
static int8_t kept[MZ_IMAGE_KEPT_BYTES];

const mz_image *mz_image_current(void) {
    return &image;
}

uint8_t mz_image_window(void) {
    return MZ_IMAGE_WINDOW;
}

bool mz_image_is(uint32_t image_id) {
    return image.state != MZ_IMAGE_NONE && image.image_id == image_id;
}

static bool has_run(const mz_image *one) {
    return one->state == MZ_IMAGE_DONE || one->state == MZ_IMAGE_FAILED;
}

const mz_image *mz_image_result(uint32_t image_id) {
    if (has_run(&image) && image.image_id == image_id) {
        return &image;
    }
    return has_run(&before) && before.image_id == image_id ? &before : NULL;
}

bool mz_image_keeps(void) {
    return mz_runtime_info()->output.bytes <= sizeof(kept);
}

void mz_image_forget(void) {
    image.state = MZ_IMAGE_NONE;
    before.state = MZ_IMAGE_NONE;
}

static void forget_input(void) {
    image.state = MZ_IMAGE_NONE;
}

/* Its input is about to be overwritten, and with it perhaps its output. */
static void keep_result_of_image(void) {
    if (!has_run(&image)) {
        return;
    }
    before = image;
    if (image.state == MZ_IMAGE_DONE && mz_image_keeps()) {
        const uint32_t bytes = mz_runtime_info()->output.bytes;
        for (uint32_t i = 0u; i < bytes; i++) {
            kept[i] = image.output[i];
        }
        before.output = kept;
    } else if (image.state == MZ_IMAGE_DONE) {
        before.state = MZ_IMAGE_NONE;
    }
}

static uint32_t transfer_bytes(const mz_msg_input_begin *begin) {
    return begin->encoding == MZ_ENCODING_RAW ? begin->input_bytes : begin->encoded_bytes;
}

static bool is_under_way(const mz_msg_input_begin *begin) {
    return mz_image_is(begin->image_id) && image.input_crc32 == begin->input_crc32 &&
           image.encoding == begin->encoding && image.transfer_bytes == transfer_bytes(begin);
}

static void start_image(const mz_msg_input_begin *begin) {
    keep_result_of_image();
    image.state = MZ_IMAGE_LOADING;
    image.image_id = begin->image_id;
    image.input_crc32 = begin->input_crc32;
    image.encoding = begin->encoding;
    image.transfer_bytes = transfer_bytes(begin);
    image.next_offset = 0u;
}

/* The cycle counter wraps every few seconds; a sum over the ops measures longer inferences. */
typedef struct {
    mz_count last;
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
    const mz_count now = mz_port_cycles();
    watch->total += (mz_count)(now - watch->last);
    watch->last = now;
}

/* Of the last lap. A counter that is off by then, as an emulator switches it, has counted a part at
 * best. */
static uint64_t mz_stopwatch_total(const mz_stopwatch *watch) {
    return watch->last == 0u ? 0u : watch->total;
}

static void keep_result(mz_status status, bool profiled, uint64_t cycles) {
    image.profiled = profiled;
    image.cycles = cycles;
    image.state = status == MZ_OK ? MZ_IMAGE_DONE : MZ_IMAGE_FAILED;
    if (status == MZ_OK) {
        image.output = mz_runtime_output();
        image.output_crc32 = mz_crc32(image.output, mz_runtime_info()->output.bytes);
    }
}

#endif
