/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "link/mz_crc32.h"

/* The CRC of each half byte: a table of 64 bytes instead of 1 KB, with two look-ups per byte. */
static const uint32_t half_byte[16] = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
    0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
    0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
};

uint32_t mz_crc32_step(uint32_t running, uint8_t byte) {
    running ^= byte;
    running = (running >> 4) ^ half_byte[running & 15u];
    return (running >> 4) ^ half_byte[running & 15u];
}

uint32_t mz_crc32_run(uint32_t running, const void *bytes, uint32_t count) {
    const uint8_t *at = bytes;
    for (uint32_t i = 0u; i < count; i++) {
        running = mz_crc32_step(running, at[i]);
    }
    return running;
}

uint32_t mz_crc32(const void *bytes, uint32_t count) {
    return ~mz_crc32_run(MZ_CRC32_START, bytes, count);
}
