/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/cortex_m7/mz_cache.h"

#include "port/cortex_m7/mz_core.h"

#define LINE_SHIFT 5u /* 32-byte lines */

/* Apply a set/way operation to the whole data cache. Geometry: CCSIDR (DDI 0403, B4.8.4). */
static void for_each_line(volatile uint32_t *operation) {
    MZ_SCB_CSSELR = 0; /* level 1, data */
    mz_core_sync();
    const uint32_t geometry = MZ_SCB_CCSIDR;
    const uint32_t last_set = (geometry >> 13) & 0x7FFFu;
    const uint32_t last_way = (geometry >> 3) & 0x3FFu;
    const uint32_t way_shift = last_way != 0u ? (uint32_t)__builtin_clz(last_way) : 0u;
    for (uint32_t set = 0; set <= last_set; ++set) {
        for (uint32_t way = 0; way <= last_way; ++way) {
            *operation = (way << way_shift) | (set << LINE_SHIFT);
        }
    }
    mz_core_sync();
}

void mz_cache_disable(void) {
    if ((MZ_SCB_CCR & MZ_CCR_DC) != 0u) {
        MZ_SCB_CCR &= ~MZ_CCR_DC;
        mz_core_sync();
        for_each_line(&MZ_SCB_DCCISW);
    }
    if ((MZ_SCB_CCR & MZ_CCR_IC) != 0u) {
        MZ_SCB_CCR &= ~MZ_CCR_IC;
        mz_core_sync();
    }
}

void mz_cache_enable(void) {
    MZ_SCB_ICIALLU = 0;
    mz_core_sync();
    for_each_line(&MZ_SCB_DCISW);
    MZ_SCB_CCR |= MZ_CCR_IC | MZ_CCR_DC;
    mz_core_sync();
}

void mz_cache_forget_data(void) {
    for_each_line(&MZ_SCB_DCCISW);
}

void mz_cache_forget_code(void) {
    MZ_SCB_ICIALLU = 0;
    mz_core_sync();
}
