/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The memory protection unit (Armv7-M, DDI 0403, B3.5). */
#ifndef MZ_MPU_H
#define MZ_MPU_H

#include <stdbool.h>
#include <stdint.h>

/* Bits of RASR. MZ_MPU_SIZE takes log2 of the bytes, MZ_MPU_SKIP a mask of the eighths to leave
 * out. */
#define MZ_MPU_SIZE(log2_bytes) ((((uint32_t)(log2_bytes)) - 1u) << 1)
#define MZ_MPU_SKIP(eighths) ((uint32_t)(eighths) << 8)
#define MZ_MPU_NO_EXECUTE 0x10000000u
#define MZ_MPU_READ_WRITE 0x03000000u
#define MZ_MPU_READ_ONLY 0x06000000u
#define MZ_MPU_NO_ACCESS 0x00000000u
#define MZ_MPU_DEVICE 0x00100000u      /* TEX 2: device, not shared */
#define MZ_MPU_UNCACHED 0x00080000u    /* TEX 1: normal memory, not cached */
#define MZ_MPU_WRITE_BACK 0x000B0000u  /* TEX 1, C, B: cached, allocates on read and write */

/* One region. If regions overlap, the higher index wins. */
typedef struct {
    uint32_t base; /* a multiple of the region's size */
    uint32_t attributes;
} mz_mpu_region;

/* Switch off regions that an earlier image left, since a reset may not do so. Call it before other
 * code sets up the MPU. Does nothing if the MPU is on. */
void mz_mpu_forget(void);

/* Add a region to an MPU that is on: no access to 2^log2_bytes bytes at base, which is a multiple
 * of that size. Returns false if no free region has a higher index than those in use. */
bool mz_mpu_guard(uint32_t base, uint32_t log2_bytes);

/* Load count regions, switch off the others, and switch on the MPU, also for all handlers. An
 * address that no region covers cannot be accessed. The data cache must be off. */
void mz_mpu_enable(const mz_mpu_region *regions, uint32_t count);

/* on: load count regions into the last regions of the MPU, so that they win over those of
 * mz_mpu_enable. Not on: switch them off again. They may differ from the regions that they cover
 * only in whether writing is allowed. */
void mz_mpu_overlay(const mz_mpu_region *regions, uint32_t count, bool on);

#endif
