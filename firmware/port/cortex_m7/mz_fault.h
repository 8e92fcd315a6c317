/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Faults and unexpected interrupts. */
#ifndef MZ_FAULT_H
#define MZ_FAULT_H

#include <stdint.h>

#include "app/mz_app.h"
#include "port/mz_retained.h"

/* The last fault, for a debugger and for the next start. starts: how many in a row ended in a fault
 * before their console was up; 0 in a record that is not sealed. */
typedef struct {
    mz_seal seal;
    mz_fault fault;
    uint32_t starts;
} mz_fault_record;

extern mz_fault_record mz_last_fault;

/* So many starts in a row may end in a fault before the console is up; the last of them stays where
 * it is, with mz_last_fault in memory, for a debug probe to be connected. */
#define MZ_FAULT_MAX_EARLY 3u

/* Let MemManage, BusFault, UsageFault and division by zero be reported as what they are. Not before
 * .data and .bss are ready. */
void mz_fault_enable(void);

/* Once the console is up: take what the starts before this one left. */
void mz_fault_recall(void);

/* Handler of every exception and interrupt; none is expected. */
void mz_fault_entry(void);

/* Second part of it. frame: what the core pushed, valid or not. */
void mz_fault_handle(const uint32_t *frame, uint32_t exc_return) __attribute__((noreturn));

#endif
