/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The one image that the board holds: its input as it arrives, then its result.
 *
 * There are two: whole/ keeps the input until it is run, rows/ hands it to the runtime as it
 * arrives. */
#ifndef MZ_IMAGE_H
#define MZ_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_messages.h"

typedef enum {
    MZ_IMAGE_NONE,
    MZ_IMAGE_LOADING, /* input incomplete, or complete and not yet run */
    MZ_IMAGE_DONE,    /* run; the output is valid */
    MZ_IMAGE_FAILED,  /* run; the runtime failed */
} mz_image_state;

typedef struct {
    mz_image_state state;
    uint32_t image_id;
    uint32_t input_crc32;
    uint32_t next_offset; /* input bytes that have arrived, from the front */
    bool profiled;        /* run by mz_image_profile */
    uint64_t cycles;      /* of the inference; 0 when not measured */
    uint32_t output_crc32;
} mz_image;

/* The image's state: its own, always the same pointer; what it points to changes with the functions
 * below. */
const mz_image *mz_image_current(void);

/* How many INPUT_DATA frames the host may send ahead. */
uint8_t mz_image_window(void);

/* True when the board holds this image, in whatever state. */
bool mz_image_is(uint32_t image_id);

/* Drops the image, if there is one. */
void mz_image_forget(void);

/* Starts a new image, unless it is the one being held: then it goes on where it was. */
void mz_image_begin(uint32_t image_id, uint32_t input_crc32);

/* Takes data when it begins at next_offset and leaves the image alone when not. False when data
 * begins beyond next_offset. offset and data lie within the input tensor; data needs no alignment
 * and must not overlap it. */
bool mz_image_take(uint32_t offset, mz_span data);

/* Runs the model on the complete input, or what of it has not run yet, when the input's CRC in memory
 * is input_crc32; else forgets the image and returns false. Leaves it DONE or FAILED. */
bool mz_image_run(uint32_t input_crc32);

/* The same as mz_image_run, while mz_profile keeps records from first_record on. */
bool mz_image_profile(uint32_t input_crc32, uint16_t first_record);

#endif
