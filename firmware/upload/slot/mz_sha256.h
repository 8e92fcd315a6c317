/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* SHA-256 (FIPS 180-4). */
#ifndef MZ_SHA256_H
#define MZ_SHA256_H

#include <stdint.h>

/* The digest, 32 bytes, of count bytes (less than 512 MB). Neither of them needs alignment. */
void mz_sha256(const uint8_t *bytes, uint32_t count, uint8_t *digest);

#endif
