/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Faults and unexpected interrupts. */
#ifndef MZ_FAULT_H
#define MZ_FAULT_H

#include <stdint.h>

#include "app/mz_app.h"
#include "port/mz_retained.h"

/* The last fault, for a debugger and for the next start. starts: how many starts in a row ended in
 * a fault before their console was up; 0 in a record without a valid seal. */
typedef struct {
    mz_seal seal;
    mz_fault fault;
    uint32_t starts;
} mz_fault_record;

extern mz_fault_record mz_last_fault;

/* After this many starts in a row that end in a fault before the console is up, the board does not
 * restart. mz_last_fault stays in memory, to be read with a debug probe. */
#define MZ_FAULT_MAX_EARLY 3u

/* Report MemManage, BusFault, UsageFault and division by zero by their own names. Call it only when
 * .data and .bss are ready. */
void mz_fault_enable(void);

/* Call it when the console is up: reads the record of the starts before this one. */
void mz_fault_recall(void);

/* Handler of every exception and interrupt but the console's; none is expected. */
void mz_fault_entry(void);

/* The second part of mz_fault_entry. frame: what the core pushed; it may be invalid. */
void mz_fault_handle(const uint32_t *frame, uint32_t exc_return) __attribute__((noreturn));

#endif
