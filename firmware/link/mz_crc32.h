/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* CRC-32 as in IEEE 802.3 and zlib: reflected polynomial 0xEDB88320. */
#ifndef MZ_CRC32_H
#define MZ_CRC32_H

#include <stdint.h>

/* The running value before the first byte. */
#define MZ_CRC32_START 0xFFFFFFFFu

/* The running value after any bytes followed by their own CRC, little-endian. */
#define MZ_CRC32_RESIDUE 0xDEBB20E3u

/* The running value after one more byte. */
uint32_t mz_crc32_step(uint32_t running, uint8_t byte);

/* The running value after count more bytes; bytes needs no alignment. */
uint32_t mz_crc32_run(uint32_t running, const void *bytes, uint32_t count);

/* The CRC of count bytes; bytes needs no alignment. */
uint32_t mz_crc32(const void *bytes, uint32_t count);

#endif
