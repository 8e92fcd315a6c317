/* The firmware's frame codec as plain functions over buffers, for ctypes. */
#include <string.h>

#include "link/mz_crc32.h"
#include "link/mz_frame.h"

static mz_frame_decoder decoder;
static uint8_t *sink_at;

static void append(const uint8_t *bytes, uint32_t count) {
    memcpy(sink_at, bytes, count);
    sink_at += count;
}

/* Writes the frame to out and returns its length. */
uint32_t shim_encode(uint8_t type, uint8_t flags, uint16_t seq, const uint8_t *payload,
                     uint32_t count, uint8_t *out) {
    const mz_frame frame = {type, flags, seq, {payload, count}};
    sink_at = out;
    mz_frame_encode(&frame, append);
    return (uint32_t)(sink_at - out);
}

/* Decodes a whole stream with a fresh decoder. Writes each good frame to out as type, flags, seq,
 * length (in host order) and payload; returns how many bytes that were. */
uint32_t shim_decode(const uint8_t *stream, uint32_t count, uint8_t *out, uint32_t *bad_frames) {
    mz_frame frame;
    sink_at = out;
    memset(&decoder, 0, sizeof(decoder));
    for (uint32_t i = 0; i < count; i++) {
        if (mz_frame_push(&decoder, stream[i], &frame)) {
            const uint16_t length = (uint16_t)frame.payload.count;
            append(&frame.type, 1);
            append(&frame.flags, 1);
            append((const uint8_t *)&frame.seq, 2);
            append((const uint8_t *)&length, 2);
            append(frame.payload.bytes, frame.payload.count);
        }
    }
    *bad_frames = decoder.bad_frames;
    return (uint32_t)(sink_at - out);
}

uint32_t shim_crc32(const uint8_t *bytes, uint32_t count) {
    return mz_crc32(bytes, count);
}
