/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The link: frames in from the port, messages out to it. There is one. */
#ifndef MZ_LINK_H
#define MZ_LINK_H

#include <stdint.h>

#include "link/mz_frame.h"

typedef struct {
    uint32_t good_frames;
    uint32_t bad_frames; /* damaged, over-long or noise */
} mz_link_counts;

/* The next good frame, or NULL when none has ended yet. Decodes a few dozen received bytes at most,
 * blocks no longer than mz_port_read. The frame is valid until the next call. */
const mz_frame *mz_link_receive(void);

mz_link_counts mz_link_counted(void);

/* An empty payload for the next message. There is one buffer: compose, write, send. */
mz_writer *mz_link_compose(void);

/* Sends the composed payload as an answer to request. flags: mz_flag bits. */
void mz_link_answer(const mz_frame *request, uint8_t type, uint8_t flags);

/* Answers request with ERROR. Not between mz_link_compose and its send. */
void mz_link_refuse(const mz_frame *request, mz_link_error error, const char *text);

/* Sends the composed payload unasked. */
void mz_link_announce(uint8_t type);

/* Sends a LOG message. Not between mz_link_compose and its send. */
void mz_link_log(mz_log_level level, const char *text);

#endif
