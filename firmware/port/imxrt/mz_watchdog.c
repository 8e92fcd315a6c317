/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Registers and sequences: NXP MCUXpresso SDK, PERI_WDOG.h, PERI_RTWDOG.h, SystemInit. */
#include "port/imxrt/mz_watchdog.h"

#include "port/cortex_m7/mz_core.h"

#define WDOG_WCR 0x0u
#define WDOG_WMCR 0x8u
#define WCR_WDE 0x4u
#define WMCR_PDE 0x1u

#define RTWDOG_CS 0x0u
#define RTWDOG_CNT 0x4u
#define RTWDOG_TOVAL 0x8u
#define CS_EN 0x80u
#define CS_UPDATE 0x20u
#define CS_CMD32EN 0x2000u
#define UNLOCK_KEY 0xD928C520u
#define LONGEST_TIMEOUT 0xFFFFu

static void disable_wdog(uint32_t base) {
    if ((MZ_REG16(base + WDOG_WCR) & WCR_WDE) != 0u) {
        MZ_REG16(base + WDOG_WCR) &= (uint16_t)~WCR_WDE;
    }
}

static void disable_rtwdog(uint32_t base) {
    const uint32_t control = MZ_REG(base + RTWDOG_CS);
    if ((control & CS_CMD32EN) != 0u) {
        MZ_REG(base + RTWDOG_CNT) = UNLOCK_KEY;
    } else {
        MZ_REG(base + RTWDOG_CNT) = UNLOCK_KEY & 0xFFFFu;
        MZ_REG(base + RTWDOG_CNT) = UNLOCK_KEY >> 16;
    }
    MZ_REG(base + RTWDOG_TOVAL) = LONGEST_TIMEOUT;
    MZ_REG(base + RTWDOG_CS) = (control & ~CS_EN) | CS_UPDATE;
}

void mz_watchdog_disable(const mz_watchdog *watchdog) {
    switch (watchdog->kind) {
    case MZ_WDOG_POWER_DOWN:
        MZ_REG16(watchdog->base + WDOG_WMCR) &= (uint16_t)~WMCR_PDE;
        disable_wdog(watchdog->base);
        break;
    case MZ_WDOG:
        disable_wdog(watchdog->base);
        break;
    case MZ_RTWDOG:
        disable_rtwdog(watchdog->base);
        break;
    }
}
