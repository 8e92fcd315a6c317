/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The Cortex-M7's level-1 caches. */
#ifndef MZ_CACHE_H
#define MZ_CACHE_H

/* Write back dirty lines, then switch both caches off. Does nothing to a cache that is off. */
void mz_cache_disable(void);

/* Invalidate both caches and switch them on. Before, they must be off and the MPU must be set
 * up. */
void mz_cache_enable(void);

/* Write back dirty lines and invalidate all lines of the data cache; or of the instruction cache.
 * They stay on. */
void mz_cache_forget_data(void);
void mz_cache_forget_code(void);

#endif
