/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The cycles and the output of each kernel of one inference. */
#ifndef MZ_PROFILE_H
#define MZ_PROFILE_H

#include <stdint.h>

#include "link/mz_wire.h"
#include "port/mz_port.h"

/* Forget the last profile. Keep records from number first_record on, as many as fit. */
void mz_profile_begin(uint16_t first_record);

/* The first kernel has already run and took this many cycles. */
void mz_profile_credit(mz_count cycles);

/* The mz_op_hook that makes the records; context is not used. output needs no alignment or is NULL;
 * it is read to compute its CRC. The time of the hook itself counts for no kernel. */
void mz_profile_lap(uint16_t first_op, uint16_t last_op, const int8_t *output, uint32_t bytes,
                    void *context);

/* Cycles since mz_profile_begin, without those of the hook; 0 if they are not counted. */
uint64_t mz_profile_end(void);

/* The number of records of the inference, kept or not; and the first requested record. */
uint16_t mz_profile_count(void);
uint16_t mz_profile_first(void);

/* The kept records, packed as docs/protocol.md says. The memory belongs to the profile and is valid
 * until mz_profile_begin. */
mz_span mz_profile_records(void);

#endif
