/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The one model that the board holds: its bytes as they arrive, then whether it can run. */
#ifndef MZ_MODEL_SLOT_H
#define MZ_MODEL_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_messages.h"

/* Memory set aside for models, 16-byte aligned. The project defines one or more, the preferred
 * one first; a model goes to the first with room enough. */
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
    uint32_t bytes;       /* of the whole model */
    uint32_t next_offset; /* bytes that have arrived, from the front */
    uint32_t room;        /* number of the room that it is in */
    uint8_t *home;        /* where it begins there, 16-byte aligned */
    uint8_t sha256[MZ_SHA256_BYTES];
} mz_model_slot;

/* The slot's own, always the same pointer; what it points to changes with the functions below. */
const mz_model_slot *mz_model_slot_current(void);

/* The largest room, in bytes. */
uint32_t mz_model_slot_capacity(void);

/* True when the board holds this upload, in whatever state. */
bool mz_model_slot_is(uint32_t upload_id);

/* Drops the model and starts this one, unless size and SHA-256 say that it is the one being held:
 * then it goes on where it was, under the new id. sha256: 32 bytes without alignment, copied.
 * False, and nothing changed, when there is no room for it. */
bool mz_model_slot_begin(uint32_t upload_id, uint32_t bytes, const uint8_t *sha256);

/* Takes data when it begins at next_offset and leaves the model alone when not. False when data
 * begins beyond next_offset. offset and data lie within the model; data needs no alignment, is
 * copied, and must not overlap the room. */
bool mz_model_slot_take(uint32_t offset, mz_span data);

/* Makes the model's room read-only, until the next model begins, so that what the SHA-256 is of
 * stays what runs. Then sets the complete model up in the runtime, when its SHA-256 in memory is
 * the one it began with; else forgets it and returns false. Leaves it READY or REFUSED. */
bool mz_model_slot_check(void);

#endif
