#include "port/cortex_m7/mz_mpu.h"

#include "port/cortex_m7/mz_core.h"

#define CTRL_ENABLE 0x1u /* not HFNMIENA: a HardFault is handled whatever the regions say */
#define RASR_ENABLE 0x1u

void mz_mpu_enable(const mz_mpu_region *regions, uint32_t count) {
    mz_core_sync();
    MZ_MPU_CTRL = 0;
    for (uint32_t index = 0; index < count; ++index) {
        MZ_MPU_RNR = index;
        MZ_MPU_RBAR = regions[index].base;
        MZ_MPU_RASR = regions[index].attributes | RASR_ENABLE;
    }
    MZ_MPU_CTRL = CTRL_ENABLE;
    mz_core_sync();
}
