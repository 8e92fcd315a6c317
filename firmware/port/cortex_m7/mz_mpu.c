#include "port/cortex_m7/mz_mpu.h"

#include "port/cortex_m7/mz_core.h"

#define CTRL_ENABLE 0x1u
#define CTRL_HFNMIENA 0x2u /* in HardFault and NMI too, else the core may read ahead into nowhere */
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
    /* A reset leaves regions as they were, perhaps those of another image. */
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
