/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The link: it receives frames from the port and sends messages to it. There is only one link, and
 * it is not reentrant: from an exception, only a fault handler that does not return may call it.
 * Texts and payloads are copied or sent before a function returns. */
#ifndef MZ_LINK_H
#define MZ_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_frame.h"

typedef struct {
    uint32_t good_frames;
    uint32_t bad_frames; /* damaged frames, frames that are too long, noise */
} mz_link_counts;

/* The next good frame, or NULL if none is complete yet. Decodes a few dozen received bytes at most
 * and waits no longer than mz_port_read. Frame and payload belong to the link and are valid until
 * the next call; the payload has no alignment. */
const mz_frame *mz_link_receive(void);

/* True if bytes have come since the last good frame that are no good frame, or not yet. */
bool mz_link_is_within(void);

/* Counted since reset. */
mz_link_counts mz_link_counted(void);

/* An empty payload for the next message, with space for MZ_MAX_PAYLOAD_BYTES. The link has only
 * one: call mz_link_compose, write the payload, send it. */
mz_writer *mz_link_compose(void);

/* Sends the composed payload as an answer to request, a frame of mz_link_receive. flags: mz_flag
 * bits. */
void mz_link_answer(const mz_frame *request, uint8_t type, uint8_t flags);

/* Answers request with ERROR and a text of at most MZ_MAX_TEXT_BYTES. Not between mz_link_compose
 * and its send. */
void mz_link_refuse(const mz_frame *request, mz_link_error error, const char *text);

/* The same for a payload that ends before its fields. */
void mz_link_refuse_malformed(const mz_frame *request);

/* Sends the composed payload without a request. */
void mz_link_announce(uint8_t type);

/* Sends a LOG message of at most MZ_MAX_TEXT_BYTES. Not between mz_link_compose and its send. */
void mz_link_log(mz_log_level level, const char *text);

#endif
