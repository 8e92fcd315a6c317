/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Switches off the i.MX RT's watchdogs. */
#ifndef MZ_WATCHDOG_H
#define MZ_WATCHDOG_H

#include <stdint.h>

typedef enum {
    MZ_WDOG,            /* 16-bit registers */
    MZ_WDOG_POWER_DOWN, /* the same, with a power-down counter that runs after reset */
    MZ_RTWDOG,          /* 32-bit registers behind an unlock sequence */
} mz_watchdog_kind;

typedef struct {
    mz_watchdog_kind kind;
    uint32_t base;
} mz_watchdog;

/* Switch it off until the next reset. */
void mz_watchdog_disable(const mz_watchdog *watchdog);

#endif
