/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "app/mz_profile.h"

#include <stddef.h>

#include "link/mz_crc32.h"
#include "link/mz_messages.h"
#include "port/mz_port.h"

/* As many as fit into one frame; a longer profile takes another inference per frame. */
#define RECORDS (MZ_MAX_CHUNK_BYTES / MZ_PROFILE_RECORD_BYTES)

static uint8_t table[RECORDS * MZ_PROFILE_RECORD_BYTES];
static mz_writer kept;
static uint16_t first_kept;
static uint16_t seen;
static mz_count began;
static uint64_t total;

static mz_count stop_the_clock(void) {
    const mz_count cycles = mz_port_cycles() - began;
    total += cycles;
    return cycles;
}

void mz_profile_begin(uint16_t first_record) {
    kept = mz_writer_over(table, sizeof(table));
    first_kept = first_record;
    seen = 0u;
    total = 0u;
    began = mz_port_cycles();
}

void mz_profile_credit(mz_count cycles) {
    began -= cycles;
}

void mz_profile_lap(uint16_t first_op, uint16_t last_op, const int8_t *output, uint32_t bytes,
                    void *context) {
    const mz_count cycles = stop_the_clock();
    (void)context;
    if (seen >= first_kept && kept.count < kept.capacity) {
        mz_write_u16(&kept, first_op);
        mz_write_u16(&kept, last_op);
        mz_write_u32(&kept, cycles < UINT32_MAX ? (uint32_t)cycles : UINT32_MAX);
        mz_write_u32(&kept, bytes);
        mz_write_u32(&kept, output == NULL ? 0u : mz_crc32(output, bytes));
    }
    seen++;
    began = mz_port_cycles();
}

uint64_t mz_profile_end(void) {
    (void)stop_the_clock();
    return total;
}

uint16_t mz_profile_count(void) {
    return seen;
}

uint16_t mz_profile_first(void) {
    return first_kept;
}

mz_span mz_profile_records(void) {
    const mz_span records = {table, kept.count};
    return records;
}
