/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/mz_retained.h"

#include "link/mz_crc32.h"

static uint32_t sum(const void *record, uint32_t bytes, uint32_t magic) {
    const uint8_t *content = (const uint8_t *)record + sizeof(mz_seal);
    const uint32_t running = mz_crc32_run(MZ_CRC32_START, &magic, sizeof magic);
    return ~mz_crc32_run(running, content, bytes - (uint32_t)sizeof(mz_seal));
}

void mz_retained_seal(void *record, uint32_t bytes, uint32_t magic) {
    *(mz_seal *)record = (mz_seal){magic, sum(record, bytes, magic)};
}

bool mz_retained_sealed(const void *record, uint32_t bytes, uint32_t magic) {
    const mz_seal *seal = (const mz_seal *)record;
    return seal->magic == magic && seal->crc32 == sum(record, bytes, magic);
}
