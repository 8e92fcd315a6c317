/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* MIMXRT1170-EVKB (MIMXRT1176DVMAA), rendered from the board file rt1170.toml. */
#ifndef MZ_BOARD_H
#define MZ_BOARD_H

#define MZ_BOARD_ID "rt1170"
#define MZ_CORE_CLOCK_HZ 996000000u

/* LPUART1: TX GPIO_AD_24, RX GPIO_AD_25 */
#define MZ_CONSOLE_IRQ 20u
#ifndef MZ_CONSOLE_BAUD
#define MZ_CONSOLE_BAUD 115200u
#endif
/* Bytes of the receive ring, a power of two: what may arrive while the board works. */
#define MZ_RECEIVE_BYTES 8192u
#define MZ_RECEIVE_SECTION ".bss.mz_receive"

/* 0: this firmware does not use the SDRAM. Else the SDRAM's own region of the MPU, once it runs. */
#define MZ_BOARD_SDRAM_STEPS 0u

/* The stack guard lies below the stack; every access to it is a fault. */
#define MZ_STACK_GUARD_LOG2_BYTES 10u

/* Sections of weights that start-up copies from flash; the linker script has the same names. */
#define MZ_BOARD_COPIES(COPY)

#endif
