/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The image that the board holds, first its input as it arrives, then its result; and the result of
 * the image before it.
 *
 * There are two implementations: whole/ keeps the input until the model runs, rows/ passes it to
 * the runtime as it arrives. */
#ifndef MZ_IMAGE_H
#define MZ_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_messages.h"

typedef enum {
    MZ_IMAGE_NONE,
    MZ_IMAGE_LOADING, /* input incomplete, or complete and not yet run */
    MZ_IMAGE_DONE, /* run; the output is valid */
    MZ_IMAGE_FAILED, /* run; the runtime failed */
} mz_image_state;

typedef struct {
    mz_image_state state;
    uint32_t image_id;
    uint32_t input_crc32;
    uint8_t encoding; /* of the bytes that arrive, see mz_encoding */
    uint32_t transfer_bytes; /* how many arrive */
    uint32_t next_offset; /* how many of them have arrived, from the front */
    bool profiled; /* run by mz_image_profile */
    uint64_t cycles; /* of the inference; 0 when not measured */
    uint32_t output_crc32;
    const int8_t *output; /* valid while DONE; no alignment */
} mz_image;

/* Outputs of at most this size are kept while the next input arrives. */
#define MZ_IMAGE_KEPT_BYTES 1024u

/* The state of the image. The pointer is always the same; the functions below change what it points
 * to. */
const mz_image *mz_image_current(void);

/* The image with this id that has run, DONE or FAILED: the current one, or the one before it. NULL
 * if there is none. The pointer is valid until the next call of a function below. */
const mz_image *mz_image_result(uint32_t image_id);

/* True if the last result stays while the next input arrives: its output is small enough. */
bool mz_image_keeps(void);

/* How many INPUT_DATA frames the host may send ahead. */
uint8_t mz_image_window(void);

/* True if the current image is this one, in any state. */
bool mz_image_is(uint32_t image_id);

/* Drops the current image and the result before it. */
void mz_image_forget(void);

/* True if inputs may arrive in this encoding. */
bool mz_image_accepts(uint8_t encoding);

/* Starts a new image. If the board already holds this image, it continues where it was. The result
 * of the image that was current is kept, if mz_image_keeps. mz_image_accepts its encoding. */
void mz_image_begin(const mz_msg_input_begin *begin);

/* Stores data that begins at next_offset. Otherwise it does not change the image, and returns false
 * if data begins after next_offset, true if before. offset and data must lie within transfer_bytes;
 * data needs no alignment and must not overlap the tensor. */
bool mz_image_take(uint32_t offset, mz_span data);

/* Runs the model on the complete input, or the part of the model that has not run yet. The image
 * then is DONE or FAILED. If the CRC of the input in memory is not input_crc32, or it could not be
 * decoded, forgets the image instead, but not the result before it, and returns false. */
bool mz_image_run(uint32_t input_crc32);

/* Like mz_image_run; in addition mz_profile keeps records from first_record on. */
bool mz_image_profile(uint32_t input_crc32, uint16_t first_record);

#endif
