/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "link/mz_link.h"

#include <stddef.h>

#include "port/mz_port.h"

static mz_frame_decoder decoder;
static mz_frame received;

/* Bytes read from the port and not yet decoded: a frame may end in the middle of them. */
static uint8_t waiting[64];
static uint32_t waiting_count;
static uint32_t waiting_next;

static uint8_t payload[MZ_MAX_PAYLOAD_BYTES];
static mz_writer composed;
static uint16_t announced;
static uint32_t bad_frames_then; /* when the last good frame came */

const mz_frame *mz_link_receive(void) {
    if (waiting_next == waiting_count) {
        waiting_next = 0u;
        waiting_count = mz_port_read(waiting, sizeof(waiting));
    }
    while (waiting_next < waiting_count) {
        if (mz_frame_push(&decoder, waiting[waiting_next++], &received)) {
            bad_frames_then = decoder.bad_frames;
            return &received;
        }
    }
    return NULL;
}

bool mz_link_is_within(void) {
    return decoder.inside || decoder.bad_frames != bad_frames_then;
}

mz_link_counts mz_link_counted(void) {
    const mz_link_counts counts = {decoder.good_frames, decoder.bad_frames};
    return counts;
}

mz_writer *mz_link_compose(void) {
    composed = mz_writer_over(payload, sizeof(payload));
    return &composed;
}

static void send(uint8_t type, uint8_t flags, uint16_t seq) {
    const mz_frame frame = {type, flags, seq, {payload, composed.count}};
    mz_frame_encode(&frame, mz_port_write);
}

void mz_link_answer(const mz_frame *request, uint8_t type, uint8_t flags) {
    send(type, flags, request->seq);
}

void mz_link_refuse(const mz_frame *request, mz_link_error error, const char *text) {
    const mz_msg_error message = {(uint8_t)error, request->type, text};
    mz_pack_error(mz_link_compose(), &message);
    mz_link_answer(request, MZ_MSG_ERROR, 0u);
}

void mz_link_refuse_malformed(const mz_frame *request) {
    mz_link_refuse(request, MZ_LINK_BAD_REQUEST, "payload shorter than its fields");
}

void mz_link_announce(uint8_t type) {
    send(type, 0u, announced++);
}

void mz_link_log(mz_log_level level, const char *text) {
    const mz_msg_log message = {(uint8_t)level, text};
    mz_pack_log(mz_link_compose(), &message);
    mz_link_announce(MZ_MSG_LOG);
}
