/* The firmware's decoder of input tensors over whole streams, for ctypes. */
#include "link/mz_codec.h"

static mz_codec codec;

uint32_t shim_state_bytes(void) {
    return sizeof(mz_codec);
}

/* Feeds the stream in pieces; whether it is complete. */
int shim_decode(const uint8_t *stream, uint32_t count, uint32_t piece, int8_t *tensor,
                uint32_t bytes) {
    mz_codec_begin(&codec, bytes);
    for (uint32_t at = 0u; at < count; at += piece) {
        const uint32_t left = count - at;
        mz_codec_take(&codec, (mz_span){stream + at, left < piece ? left : piece}, tensor);
    }
    return mz_codec_is_complete(&codec);
}
