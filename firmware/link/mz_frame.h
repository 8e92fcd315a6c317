/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Frames on the wire: 0x00 COBS(body) 0x00, where body is
 * type u8, flags u8, seq u16, length u16, payload, crc32 u32 over all before it, little-endian.
 * docs/protocol.md is the specification. */
#ifndef MZ_FRAME_H
#define MZ_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_messages.h"

#define MZ_FRAME_HEADER_BYTES 6u
#define MZ_FRAME_CRC_BYTES 4u
#define MZ_MAX_BODY_BYTES (MZ_FRAME_HEADER_BYTES + MZ_MAX_PAYLOAD_BYTES + MZ_FRAME_CRC_BYTES)

typedef struct {
    uint8_t type;
    uint8_t flags;
    uint16_t seq;
    mz_span payload;
} mz_frame;

/* Decodes byte by byte. In the start state all fields are zero. */
typedef struct {
    uint8_t body[MZ_MAX_BODY_BYTES];
    uint32_t body_count; /* bytes decoded so far; those beyond the buffer are not stored */
    uint32_t crc;
    uint8_t block_left; /* bytes until the next COBS code */
    bool zero_due;      /* a zero follows the current block, if another block follows */
    bool inside;        /* a byte came since the last delimiter */
    uint32_t good_frames;
    uint32_t bad_frames;
} mz_frame_decoder;

/* Takes one received byte. decoder and frame belong to the caller. True if the byte completes a
 * good frame; frame->payload then points into the decoder, without alignment, until the next call.
 * A bad frame is dropped and counted when its delimiter comes. */
bool mz_frame_push(mz_frame_decoder *decoder, uint8_t byte, mz_frame *frame);

/* Takes encoded bytes, which have no alignment and are valid during the call only. */
typedef void (*mz_frame_sink)(const uint8_t *bytes, uint32_t count);

/* Encodes a frame into sink, in pieces of at most 255 bytes. frame->payload needs no alignment and
 * holds at most MZ_MAX_PAYLOAD_BYTES. */
void mz_frame_encode(const mz_frame *frame, mz_frame_sink sink);

#endif
