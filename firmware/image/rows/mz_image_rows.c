/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include <stddef.h>

#include "app/mz_profile.h"

/* Kernels run before the ACK of a frame. A host that does not know how much the board receives
 * meanwhile must not send another frame, which could get lost. */
#define MZ_IMAGE_WINDOW 1u
#include "image/mz_image_run.h"

static uint32_t arrived_crc32; /* running value, over the bytes taken so far */
static mz_count began_cycles;  /* the counter when it began */

/* A decoder needs the row above, which the runtime has perhaps consumed. */
bool mz_image_accepts(uint8_t encoding) {
    return encoding == MZ_ENCODING_RAW;
}

void mz_image_begin(const mz_msg_input_begin *begin) {
    if (is_under_way(begin)) {
        return;
    }
    start_image(begin);
    arrived_crc32 = MZ_CRC32_START;
    mz_port_hold_cycles(true);
    began_cycles = mz_port_cycles();
    mz_port_hold_cycles(false);
    mz_runtime_input_begin();
    mz_port_hold_cycles(true);
}

/* Copies as many bytes as the runtime has room for, and lets the runtime consume them; returns how
 * many. The cycle counter runs only in the runtime: waiting for the line and copying are not
 * inference. */
static uint32_t take_some(const uint8_t *from, uint32_t bytes) {
    uint32_t room;
    int8_t *const to = mz_runtime_input_room(&room);
    const uint32_t count = bytes < room ? bytes : room;
    for (uint32_t i = 0u; i < count; i++) {
        to[i] = (int8_t)from[i];
    }
    arrived_crc32 = mz_crc32_run(arrived_crc32, to, count);
    mz_port_hold_cycles(false);
    mz_runtime_input_taken(count);
    mz_port_hold_cycles(true);
    return count;
}

bool mz_image_take(uint32_t offset, mz_span data) {
    if (offset != image.next_offset) {
        return offset <= image.next_offset;
    }
    for (uint32_t done = 0u; done < data.count;) {
        done += take_some(data.bytes + done, data.count - done);
    }
    image.next_offset += data.count;
    return true;
}

/* Forgets what the first kernels computed from a damaged input. */
static bool input_was_intact(uint32_t input_crc32) {
    if (~arrived_crc32 == input_crc32) {
        return true;
    }
    forget_input();
    return false;
}

bool mz_image_run(uint32_t input_crc32) {
    if (!input_was_intact(input_crc32)) {
        return false;
    }
    mz_stopwatch watch = {began_cycles, 0u};
    mz_port_hold_cycles(false);
    const mz_status status = mz_runtime_invoke(mz_stopwatch_lap, &watch);
    mz_stopwatch_lap(0u, 0u, NULL, 0u, &watch);
    keep_result(status, false, mz_stopwatch_total(&watch));
    return true;
}

bool mz_image_profile(uint32_t input_crc32, uint16_t first_record) {
    if (!input_was_intact(input_crc32)) {
        return false;
    }
    mz_profile_begin(first_record);
    mz_profile_credit(mz_port_cycles() - began_cycles);
    mz_port_hold_cycles(false);
    const mz_status status = mz_runtime_invoke(mz_profile_lap, NULL);
    keep_result(status, true, mz_profile_end());
    return true;
}
