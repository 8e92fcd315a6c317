/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Records that outlive a reset, in memory that start-up leaves alone (section .noinit). At power-up
 * it holds anything, so a record is believed only under its seal. */
#ifndef MZ_RETAINED_H
#define MZ_RETAINED_H

#include <stdbool.h>
#include <stdint.h>

/* For a variable without an initial value. */
#define MZ_RETAINED __attribute__((section(".noinit")))

/* First member of a record. */
typedef struct {
    uint32_t magic; /* says what the record is */
    uint32_t crc32; /* of magic and of all that follows the seal */
} mz_seal;

/* record: begins with an mz_seal; bytes: of all of it. */
void mz_retained_seal(void *record, uint32_t bytes, uint32_t magic);

/* Whether the record was sealed under this magic and has not changed since. */
bool mz_retained_sealed(const void *record, uint32_t bytes, uint32_t magic);

#endif
