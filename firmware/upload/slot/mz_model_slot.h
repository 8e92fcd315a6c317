/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The one model that the board holds: its bytes as they arrive, and whether it can run. */
#ifndef MZ_MODEL_SLOT_H
#define MZ_MODEL_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_messages.h"

/* Memory for models, 16-byte aligned. The project defines one or more rooms, the preferred one
 * first; a model goes to the first room that is large enough. */
typedef struct {
    uint8_t *bytes;
    uint32_t capacity; /* bytes */
} mz_model_room;

extern const mz_model_room mz_model_rooms[];
extern const uint32_t mz_model_room_count;

typedef enum {
    MZ_MODEL_NONE,
    MZ_MODEL_LOADING, /* incomplete, or complete and not yet checked */
    MZ_MODEL_READY,   /* set up in the runtime */
    MZ_MODEL_REFUSED, /* intact, but the runtime does not take it */
} mz_model_state;

typedef struct {
    mz_model_state state;
    uint32_t upload_id;
    uint32_t bytes;       /* size of the whole model */
    uint32_t next_offset; /* bytes that have arrived, from the front */
    uint32_t room;        /* number of its room */
    uint8_t *home;        /* its first byte in the room, 16-byte aligned */
    uint8_t sha256[MZ_SHA256_BYTES];
} mz_model_slot;

/* The state of the slot. The pointer is always the same; the functions below change what it points
 * to. */
const mz_model_slot *mz_model_slot_current(void);

/* Size of the largest room, in bytes. */
uint32_t mz_model_slot_capacity(void);

/* True if the board holds this upload, in any state. */
bool mz_model_slot_is(uint32_t upload_id);

/* Drops the held model and starts this one. If size and SHA-256 are those of the held model, the
 * upload continues where it was, under the new id. sha256: 32 bytes without alignment, copied.
 * Returns false and changes nothing if no room is large enough. */
bool mz_model_slot_begin(uint32_t upload_id, uint32_t bytes, const uint8_t *sha256);

/* Stores data that begins at next_offset. Otherwise it does not change the model, and returns false
 * if data begins after next_offset, true if before. offset and data must lie within the model; data
 * needs no alignment, is copied, and must not overlap the room. */
bool mz_model_slot_take(uint32_t offset, mz_span data);

/* Makes the model's room read-only until the next model begins, so that the model that was checked
 * is the one that runs. Then compares the SHA-256 of the complete model in memory with the one it
 * began with. If they are equal, sets up the model in the runtime; the state then is READY or
 * REFUSED. If not, forgets the model and returns false. */
bool mz_model_slot_check(void);

#endif
