/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/cortex_m7/mz_mpu.h"

#include "port/cortex_m7/mz_core.h"

#define CTRL_ENABLE 0x1u
#define CTRL_HFNMIENA 0x2u /* on in HardFault and NMI, too: it limits prefetches there as well */
#define RASR_ENABLE 0x1u

static uint32_t regions_there(void) {
    return (MZ_MPU_TYPE >> 8) & 0xFFu;
}

void mz_mpu_enable(const mz_mpu_region *regions, uint32_t count) {
    mz_core_sync();
    MZ_MPU_CTRL = 0;
    for (uint32_t index = 0; index < count; ++index) {
        MZ_MPU_RNR = index;
        MZ_MPU_RBAR = regions[index].base;
        MZ_MPU_RASR = regions[index].attributes | RASR_ENABLE;
    }
    /* A reset does not change the regions; they may be those of another image. */
    for (uint32_t index = count; index < regions_there(); ++index) {
        MZ_MPU_RNR = index;
        MZ_MPU_RASR = 0;
        MZ_MPU_RBAR = 0;
    }
    MZ_MPU_CTRL = CTRL_ENABLE | CTRL_HFNMIENA;
    mz_core_sync();
}

void mz_mpu_overlay(const mz_mpu_region *regions, uint32_t count, bool on) {
    const uint32_t first = regions_there() - count;
    mz_core_sync();
    for (uint32_t i = 0; i < count; ++i) {
        MZ_MPU_RNR = first + i;
        MZ_MPU_RASR = 0;
        MZ_MPU_RBAR = regions[i].base;
        MZ_MPU_RASR = on ? regions[i].attributes | RASR_ENABLE : 0u;
    }
    mz_core_sync();
}

void mz_mpu_forget(void) {
    for (uint32_t index = 0; index < regions_there() && (MZ_MPU_CTRL & CTRL_ENABLE) == 0u;
         ++index) {
        MZ_MPU_RNR = index;
        MZ_MPU_RASR = 0;
    }
}

/* True if the region that RNR selects is on and contains address; sub-regions are ignored. */
static bool covers(uint32_t address) {
    const uint32_t attributes = MZ_MPU_RASR;
    const uint32_t log2_bytes = ((attributes >> 1) & 0x1Fu) + 1u;
    const uint32_t apart = (MZ_MPU_RBAR ^ address) & ~0x1Fu;
    return (attributes & RASR_ENABLE) != 0u && (uint64_t)apart >> log2_bytes == 0u;
}

bool mz_mpu_guard(uint32_t base, uint32_t log2_bytes) {
    for (uint32_t index = regions_there(); index-- > 0u;) {
        MZ_MPU_RNR = index;
        if ((MZ_MPU_RASR & RASR_ENABLE) == 0u) {
            MZ_MPU_RBAR = base;
            MZ_MPU_RASR =
                MZ_MPU_SIZE(log2_bytes) | MZ_MPU_NO_ACCESS | MZ_MPU_NO_EXECUTE | RASR_ENABLE;
            mz_core_sync();
            return true;
        }
        if (covers(base)) {
            return false;
        }
    }
    return false;
}
