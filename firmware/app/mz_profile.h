/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What each kernel of one inference took and gave. */
#ifndef MZ_PROFILE_H
#define MZ_PROFILE_H

#include <stdint.h>

#include "link/mz_wire.h"

/* Forget the last profile; keep records from number first_record on, as many as there is room for. */
void mz_profile_begin(uint16_t first_record);

/* The first kernel has run already, and this is what it took. */
void mz_profile_credit(uint32_t cycles);

/* The mz_op_hook that makes the records; context is not used. output needs no alignment and is read
 * for its CRC, or is NULL. Its own time counts for no kernel. */
void mz_profile_lap(uint16_t first_op, uint16_t last_op, const int8_t *output, uint32_t bytes,
                    void *context);

/* Cycles since mz_profile_begin without those of the hook itself; 0 when not counted. */
uint64_t mz_profile_end(void);

/* How many records the inference gave, kept or not, and the first that was asked for. */
uint16_t mz_profile_count(void);
uint16_t mz_profile_first(void);

/* Those kept, packed as docs/protocol.md says: the profile's, valid until mz_profile_begin. */
mz_span mz_profile_records(void);

#endif
