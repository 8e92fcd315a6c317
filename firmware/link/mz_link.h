/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The link: frames in from the port, messages out to it. There is one, and it is not reentrant:
 * only a fault handler, which does not return, may call it from an exception. Texts and payloads
 * are copied or sent before a function returns. */
#ifndef MZ_LINK_H
#define MZ_LINK_H

#include <stdint.h>

#include "link/mz_frame.h"

typedef struct {
    uint32_t good_frames;
    uint32_t bad_frames; /* damaged, over-long or noise */
} mz_link_counts;

/* The next good frame, or NULL when none has ended yet. Decodes a few dozen received bytes at most,
 * blocks no longer than mz_port_read. The frame is the link's, its payload has no alignment, and
 * both are valid until the next call. */
const mz_frame *mz_link_receive(void);

/* Counted since reset. */
mz_link_counts mz_link_counted(void);

/* An empty payload for the next message, with room for MZ_MAX_PAYLOAD_BYTES. It is the link's, and
 * there is one: compose, write, send. */
mz_writer *mz_link_compose(void);

/* Sends the composed payload as an answer to request, a frame of mz_link_receive. flags: mz_flag
 * bits. */
void mz_link_answer(const mz_frame *request, uint8_t type, uint8_t flags);

/* Answers request with ERROR and a text of at most MZ_MAX_TEXT_BYTES. Not between mz_link_compose
 * and its send. */
void mz_link_refuse(const mz_frame *request, mz_link_error error, const char *text);

/* Sends the composed payload unasked. */
void mz_link_announce(uint8_t type);

/* Sends a LOG message of at most MZ_MAX_TEXT_BYTES. Not between mz_link_compose and its send. */
void mz_link_log(mz_log_level level, const char *text);

#endif
