/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "upload/slot/mz_model_slot.h"

#include <stddef.h>

#include "port/mz_port.h"
#include "runtime/mz_runtime.h"
#include "upload/slot/mz_refused.h"
#include "upload/slot/mz_sha256.h"

static mz_model_slot slot;

const mz_model_slot *mz_model_slot_current(void) {
    return &slot;
}

uint32_t mz_model_slot_capacity(void) {
    uint32_t most = 0u;
    for (uint32_t i = 0u; i < mz_model_room_count; i++) {
        most = mz_model_rooms[i].capacity > most ? mz_model_rooms[i].capacity : most;
    }
    return most;
}

bool mz_model_slot_is(uint32_t upload_id) {
    return slot.state != MZ_MODEL_NONE && slot.upload_id == upload_id;
}

static bool same_digest(const uint8_t *one, const uint8_t *other) {
    uint8_t difference = 0u;
    for (uint32_t i = 0u; i < MZ_SHA256_BYTES; i++) {
        difference |= (uint8_t)(one[i] ^ other[i]);
    }
    return difference == 0u;
}

/* Returns mz_model_room_count if no room is large enough. */
static uint32_t room_for(uint32_t bytes) {
    uint32_t room = 0u;
    while (room < mz_model_room_count && bytes > mz_model_rooms[room].capacity) {
        room++;
    }
    return room;
}

bool mz_model_slot_begin(uint32_t upload_id, uint32_t bytes, const uint8_t *sha256) {
    if (slot.state != MZ_MODEL_NONE && slot.bytes == bytes && same_digest(slot.sha256, sha256)) {
        slot.upload_id = upload_id;
        return true;
    }
    const uint32_t room = room_for(bytes);
    if (room == mz_model_room_count) {
        return false;
    }
    /* Do this first: the new model overwrites the memory of the old one. */
    mz_runtime_unload();
    mz_port_guard_room(slot.room, false);
    mz_refused_forget();
    slot.state = MZ_MODEL_LOADING;
    slot.upload_id = upload_id;
    slot.bytes = bytes;
    slot.next_offset = 0u;
    slot.room = room;
    slot.home = mz_model_rooms[room].bytes;
    for (uint32_t i = 0u; i < MZ_SHA256_BYTES; i++) {
        slot.sha256[i] = sha256[i];
    }
    return true;
}

bool mz_model_slot_take(uint32_t offset, mz_span data) {
    if (offset != slot.next_offset) {
        return offset <= slot.next_offset;
    }
    for (uint32_t i = 0u; i < data.count; i++) {
        slot.home[offset + i] = data.bytes[i];
    }
    slot.next_offset += data.count;
    return true;
}

bool mz_model_slot_check(void) {
    uint8_t digest[MZ_SHA256_BYTES];
    mz_port_guard_room(slot.room, true);
    mz_sha256(slot.home, slot.bytes, digest);
    if (!same_digest(digest, slot.sha256)) {
        mz_port_guard_room(slot.room, false);
        slot.state = MZ_MODEL_NONE;
        return false;
    }
    const mz_status status = mz_runtime_load(slot.home, slot.bytes, slot.sha256);
    slot.state = status == MZ_OK ? MZ_MODEL_READY : MZ_MODEL_REFUSED;
    return true;
}
