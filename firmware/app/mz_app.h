/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The application: answers the host's requests over the link, one at a time. */
#ifndef MZ_APP_H
#define MZ_APP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t kind; /* exception number (3 HardFault, 4 MemManage, 5 BusFault, 6 UsageFault, ...) */
    uint32_t pc, lr, sp, psr; /* pc, lr and psr are 0 if the core could not push them */
    uint32_t cfsr, hfsr, mmfar, bfar;
    uint32_t stack_bottom;
} mz_fault;

/* Set up the runtime and announce the board. Once, after mz_port_init. */
void mz_app_init(void);

/* Handle what has been received; returns after at most one frame. */
void mz_app_poll(void);

/* Report a fault over the link. Called from the fault handler; uses no interrupts. fault is read
 * during the call only. */
void mz_app_report_fault(const mz_fault *fault);

#endif
