/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* From reset to main. */
#ifndef MZ_STARTUP_H
#define MZ_STARTUP_H

#include <stdint.h>

#define MZ_CORE_VECTORS 16u
#define MZ_VECTORS 256u /* those of the core, then up to 240 of the chip */

/* The vector table. */
typedef void (*mz_vector)(void);
extern const mz_vector mz_vectors[MZ_VECTORS];

/* First instruction of the image. It assumes nothing about the state of the core after the boot
 * ROM. */
void mz_reset_handler(void);

/* Called by the reset handler on a fresh stack, with the FPU on and the vector table set. */
void mz_start(void) __attribute__((noreturn));

/* What the chip needs first. It must not use .data or .bss, which are not ready. */
void mz_chip_early_init(void);

/* Copy what lies in the SDRAM from the flash. The SDRAM has been started. */
void mz_start_sdram_data(void);

int main(void);

#endif
