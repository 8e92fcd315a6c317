/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include <stddef.h>

#include "app/mz_profile.h"
#include "link/mz_codec.h"

/* The board handles each frame at once, so the window only has to cover the round trip of the
 * host's serial adapter. */
#define MZ_IMAGE_WINDOW 4u
#include "image/mz_image_run.h"

static mz_codec codec; /* of an image that arrives encoded */

bool mz_image_accepts(uint8_t encoding) {
    return encoding == MZ_ENCODING_RAW || encoding == MZ_ENCODING_CODEC;
}

void mz_image_begin(const mz_msg_input_begin *begin) {
    if (is_under_way(begin)) {
        return;
    }
    start_image(begin);
    if (begin->encoding == MZ_ENCODING_CODEC) {
        mz_codec_begin(&codec, begin->input_bytes);
    }
}

bool mz_image_take(uint32_t offset, mz_span data) {
    if (offset != image.next_offset) {
        return offset <= image.next_offset;
    }
    int8_t *const input = mz_runtime_input();
    if (image.encoding == MZ_ENCODING_CODEC) {
        mz_codec_take(&codec, data, input);
    } else {
        for (uint32_t i = 0u; i < data.count; i++) {
            input[offset + i] = (int8_t)data.bytes[i];
        }
    }
    image.next_offset += data.count;
    return true;
}

static bool input_is_intact(uint32_t input_crc32) {
    const bool decoded = image.encoding != MZ_ENCODING_CODEC || mz_codec_is_complete(&codec);
    if (decoded && mz_crc32(mz_runtime_input(), mz_runtime_info()->input.bytes) == input_crc32) {
        return true;
    }
    forget_input();
    return false;
}

bool mz_image_run(uint32_t input_crc32) {
    if (!input_is_intact(input_crc32)) {
        return false;
    }
    mz_stopwatch watch = {mz_port_cycles(), 0u};
    const mz_status status = mz_runtime_invoke(mz_stopwatch_lap, &watch);
    mz_stopwatch_lap(0u, 0u, NULL, 0u, &watch);
    keep_result(status, false, mz_stopwatch_total(&watch));
    return true;
}

bool mz_image_profile(uint32_t input_crc32, uint16_t first_record) {
    if (!input_is_intact(input_crc32)) {
        return false;
    }
    mz_profile_begin(first_record);
    const mz_status status = mz_runtime_invoke(mz_profile_lap, NULL);
    keep_result(status, true, mz_profile_end());
    return true;
}
