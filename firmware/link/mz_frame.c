/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "link/mz_frame.h"

#include "link/mz_crc32.h"

/* COBS: a block is a code byte and code - 1 non-zero bytes. It means these bytes and a zero after
 * them, except that the last block, and a block with code 255, have no zero after them. */
#define MZ_COBS_FULL 255u

static void take_decoded(mz_frame_decoder *decoder, uint8_t byte) {
    if (decoder->body_count < MZ_MAX_BODY_BYTES) {
        decoder->body[decoder->body_count] = byte;
        decoder->crc = mz_crc32_step(decoder->crc, byte);
        decoder->body_count++;
    } else {
        decoder->body_count = MZ_MAX_BODY_BYTES + 1u;
    }
}

static bool open_body(const mz_frame_decoder *decoder, mz_frame *frame) {
    const uint32_t overhead = MZ_FRAME_HEADER_BYTES + MZ_FRAME_CRC_BYTES;
    if (decoder->block_left != 0u || decoder->body_count < overhead ||
        decoder->body_count > MZ_MAX_BODY_BYTES || decoder->crc != MZ_CRC32_RESIDUE) {
        return false;
    }
    const mz_span body = {decoder->body, decoder->body_count};
    mz_reader reader = mz_reader_of(body);
    frame->type = mz_read_u8(&reader);
    frame->flags = mz_read_u8(&reader);
    frame->seq = mz_read_u16(&reader);
    frame->payload.count = mz_read_u16(&reader);
    frame->payload.bytes = decoder->body + MZ_FRAME_HEADER_BYTES;
    return frame->payload.count == decoder->body_count - overhead;
}

bool mz_frame_push(mz_frame_decoder *decoder, uint8_t byte, mz_frame *frame) {
    if (byte == 0u) {
        const bool ended = decoder->inside;
        const bool good = ended && open_body(decoder, frame);
        decoder->inside = false;
        decoder->good_frames += good;
        decoder->bad_frames += ended && !good;
        return good;
    }
    if (!decoder->inside) {
        decoder->inside = true;
        decoder->body_count = 0u;
        decoder->crc = MZ_CRC32_START;
        decoder->block_left = 0u;
        decoder->zero_due = false;
    }
    if (decoder->block_left != 0u) {
        decoder->block_left--;
        take_decoded(decoder, byte);
        return false;
    }
    if (decoder->zero_due) {
        take_decoded(decoder, 0u);
    }
    decoder->block_left = (uint8_t)(byte - 1u);
    decoder->zero_due = byte != MZ_COBS_FULL;
    return false;
}

typedef struct {
    mz_frame_sink sink;
    uint32_t crc;
    uint32_t filled;
    uint8_t block[MZ_COBS_FULL]; /* the code, then the bytes */
} encoder;

static void end_block(encoder *to) {
    to->block[0] = (uint8_t)(to->filled + 1u);
    to->sink(to->block, to->filled + 1u);
    to->filled = 0u;
}

static void put(encoder *to, uint8_t byte) {
    to->crc = mz_crc32_step(to->crc, byte);
    if (to->filled == MZ_COBS_FULL - 1u) {
        end_block(to);
    }
    if (byte == 0u) {
        end_block(to);
    } else {
        to->block[++to->filled] = byte;
    }
}

static void put_all(encoder *to, mz_span span) {
    for (uint32_t i = 0u; i < span.count; i++) {
        put(to, span.bytes[i]);
    }
}

static void put_u32(encoder *to, uint32_t value) {
    for (uint32_t shift = 0u; shift < 32u; shift += 8u) {
        put(to, (uint8_t)(value >> shift));
    }
}

void mz_frame_encode(const mz_frame *frame, mz_frame_sink sink) {
    static const uint8_t delimiter = 0u;
    uint8_t header[MZ_FRAME_HEADER_BYTES];
    mz_writer writer = mz_writer_over(header, sizeof(header));
    mz_write_u8(&writer, frame->type);
    mz_write_u8(&writer, frame->flags);
    mz_write_u16(&writer, frame->seq);
    mz_write_u16(&writer, (uint16_t)frame->payload.count);

    encoder to;
    to.sink = sink;
    to.crc = MZ_CRC32_START;
    to.filled = 0u;
    sink(&delimiter, 1u);
    const mz_span span = {header, sizeof(header)};
    put_all(&to, span);
    put_all(&to, frame->payload);
    put_u32(&to, ~to.crc);
    end_block(&to);
    sink(&delimiter, 1u);
}
