/* Any bytes into the frame decoder. A good frame, encoded and decoded again, is the same frame; so
 * is one that is made of the bytes. */
// sources: firmware/link/mz_frame.c firmware/link/mz_crc32.c firmware/link/mz_wire.c
#include <stdlib.h>
#include <string.h>

#include "link/mz_frame.h"

static uint8_t encoded[2 * MZ_MAX_BODY_BYTES];
static uint32_t encoded_count;

static void collect(const uint8_t *bytes, uint32_t count) {
    memcpy(encoded + encoded_count, bytes, count);
    encoded_count += count;
}

static void check_again(const mz_frame *frame) {
    static mz_frame_decoder decoder;
    mz_frame again;
    memset(&decoder, 0, sizeof decoder);
    encoded_count = 0u;
    mz_frame_encode(frame, collect);
    uint32_t frames = 0u;
    for (uint32_t i = 0u; i < encoded_count; i++) {
        if (!mz_frame_push(&decoder, encoded[i], &again)) {
            continue;
        }
        frames++;
        if (again.type != frame->type || again.flags != frame->flags || again.seq != frame->seq ||
            again.payload.count != frame->payload.count ||
            memcmp(again.payload.bytes, frame->payload.bytes, frame->payload.count) != 0) {
            abort();
        }
    }
    if (frames != 1u || decoder.bad_frames != 0u) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static mz_frame_decoder decoder;
    mz_frame frame;
    memset(&decoder, 0, sizeof decoder);
    for (size_t i = 0u; i < size; i++) {
        if (mz_frame_push(&decoder, data[i], &frame)) {
            check_again(&frame);
        }
    }
    if (size >= 4u && size - 4u <= MZ_MAX_PAYLOAD_BYTES) {
        const mz_span payload = {data + 4, (uint32_t)size - 4u};
        const mz_frame whole = {data[0], data[1], (uint16_t)(data[2] | data[3] << 8), payload};
        check_again(&whole);
    }
    return 0;
}
