/* Any bytes into the decoder of input tensors, for a tensor of any size, in pieces. The pieces make
 * no difference. */
// sources: firmware/link/mz_codec.c
#include <stdlib.h>
#include <string.h>

#include "link/mz_codec.h"

#define HEAD 3u

static bool decode(const uint8_t *data, uint32_t count, uint32_t piece, int8_t *tensor,
                   uint32_t bytes) {
    static mz_codec codec;
    mz_codec_begin(&codec, bytes);
    for (uint32_t at = 0u; at < count; at += piece) {
        const uint32_t left = count - at;
        mz_codec_take(&codec, (mz_span){data + at, left < piece ? left : piece}, tensor);
    }
    return mz_codec_is_complete(&codec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD) {
        return 0;
    }
    const uint32_t bytes = 1u + data[0] + 256u * (data[1] % 64u);
    const uint32_t count = (uint32_t)(size - HEAD);
    int8_t *const whole = calloc(1u, bytes);
    int8_t *const pieces = calloc(1u, bytes);
    if (whole == NULL || pieces == NULL) {
        abort();
    }
    const bool complete = decode(data + HEAD, count, count + 1u, whole, bytes);
    if (complete != decode(data + HEAD, count, 1u + data[2], pieces, bytes) ||
        memcmp(whole, pieces, bytes) != 0) {
        abort();
    }
    free(whole);
    free(pieces);
    return 0;
}
