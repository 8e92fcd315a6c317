/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Records that survive a reset, in memory that start-up does not change (section .noinit). After
 * power-on this memory is undefined, so a record is valid only if its seal is. */
#ifndef MZ_RETAINED_H
#define MZ_RETAINED_H

#include <stdbool.h>
#include <stdint.h>

/* For a variable without an initial value. */
#define MZ_RETAINED __attribute__((section(".noinit")))

/* First member of a record. */
typedef struct {
    uint32_t magic; /* says what the record is */
    uint32_t crc32; /* of magic and of everything after the seal */
} mz_seal;

/* record: begins with an mz_seal; bytes: size of the whole record. */
void mz_retained_seal(void *record, uint32_t bytes, uint32_t magic);

/* True if the record was sealed with this magic and has not changed since. */
bool mz_retained_sealed(const void *record, uint32_t bytes, uint32_t magic);

#endif
