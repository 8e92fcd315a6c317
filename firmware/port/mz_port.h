/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What the application needs from the chip (or from the host, in tests). */
#ifndef MZ_PORT_H
#define MZ_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* Clocks, pins, console, cycle counter. Called once, first thing in main. */
void mz_port_init(void);

/* Move up to capacity received bytes to dst; returns how many (0 when none). Never blocks on the
 * target. */
uint32_t mz_port_read(uint8_t *dst, uint32_t capacity);

/* Send bytes; returns when the last one is handed to the transmitter. Keeps draining the receiver
 * into its ring meanwhile, so that full-duplex traffic loses nothing. */
void mz_port_write(const uint8_t *src, uint32_t bytes);

/* Bytes lost because the receiver overran, since reset. */
uint32_t mz_port_overruns(void);

/* Free-running counter of core clock cycles, wraps at 2^32; 0 when there is no counter. What counts
 * something else says so by MZ_BOARD_COUNT_UNIT in its mz_board.h. */
uint32_t mz_port_cycles(void);

/* Let that counter stand still; or go on, from where it stood. */
void mz_port_hold_cycles(bool still);

/* The core's CPUID register; 0 where there is no Cortex-M. An implementer other than 0x41 (Arm) is an
 * emulator. */
uint32_t mz_port_cpuid(void);

/* Address of the first register that start-up gave up waiting for (a clock, a regulator), or 0. */
uint32_t mz_port_boot_failure(void);

typedef struct {
    uint32_t starts; /* how many in a row ended so; 0: none */
    uint32_t kind;   /* exception number and program counter of the last one's fault */
    uint32_t pc;
} mz_early_faults;

/* The starts before this one that a fault ended before there was a console to report it on. */
mz_early_faults mz_port_early_faults(void);

typedef struct {
    uint32_t bytes;
    uint32_t used_bytes; /* the most that was in use since reset */
} mz_stack_use;

/* Zeros where nobody knows. */
mz_stack_use mz_port_stack(void);

/* Whether an overflow of the stack is a fault. */
bool mz_port_stack_guarded(void);
#define MZ_PORT_RETAINED_BYTES 128u

/* So many bytes that a reset leaves as they were, 4-byte aligned; after power-on they are anything. */
void *mz_port_retained(void);

/* From here on a room for models, by its number, can only be read, and who writes to it faults; or it
 * can be written again. */
void mz_port_guard_room(uint32_t room, bool guarded);

/* Restart the chip. Does not return on the target. */
void mz_port_reset(void);

#endif
