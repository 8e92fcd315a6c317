/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What the application needs from the chip (in tests, from the host). */
#ifndef MZ_PORT_H
#define MZ_PORT_H

#include <stdbool.h>
#include <stdint.h>

/* Sets up clocks, pins, console and cycle counter. Called once, at the start of main. */
void mz_port_init(void);

/* Move up to capacity received bytes to dst; returns how many (0 when none). Never blocks on the
 * target. */
uint32_t mz_port_read(uint8_t *dst, uint32_t capacity);

/* Send bytes; returns when the last one is in the transmitter. Meanwhile received bytes go to the
 * receive ring, so that full-duplex traffic loses nothing. */
void mz_port_write(const uint8_t *src, uint32_t bytes);

/* Size of the receive ring, at most 65536: the bytes that may arrive between two calls of
 * mz_port_read, whatever the board does meanwhile. 0: it does not receive between the calls. */
uint32_t mz_port_receive_bytes(void);

typedef struct {
    uint32_t clock_hz;     /* what its rates are divided from; 0 if that is unknown */
    uint32_t default_baud; /* after reset; 0 if the rate cannot be changed */
} mz_port_rates;

/* The console's UART. */
mz_port_rates mz_port_uart(void);

/* The rate closest to baud that it can be set to, in whole hertz; 0 if baud is out of its range. */
uint32_t mz_port_closest_baud(uint32_t baud);

/* Change its rate, when all written bytes have been sent. baud: one that mz_port_closest_baud
 * knows. Bytes that have been received stay. */
void mz_port_set_baud(uint32_t baud);

#define MZ_PORT_TICK_MS 10u

/* on: from now on, mz_port_tick is true once every MZ_PORT_TICK_MS, for a caller that calls it at
 * least as often; for others, less often. */
void mz_port_count_ticks(bool on);
bool mz_port_tick(void);

/* Bytes lost since reset, because the receiver overran. */
uint32_t mz_port_overruns(void);

/* A core's counter has 32 bits. A machine of 64 bits counts nanoseconds, which would wrap within
 * one slow kernel. */
#if UINTPTR_MAX > UINT32_MAX
typedef uint64_t mz_count;
#else
typedef uint32_t mz_count;
#endif

/* Free-running counter of core clock cycles; wraps. 0 if there is no counter. A board that counts
 * something else defines MZ_BOARD_COUNT_UNIT in its mz_board.h. */
mz_count mz_port_cycles(void);

/* Stop that counter; or let it continue from its value. */
void mz_port_hold_cycles(bool still);

/* The core's CPUID register, or MIDR_EL1 of a Cortex-A; 0 if neither can be read. An implementer
 * other than 0x41 (Arm) means an emulator. */
uint32_t mz_port_cpuid(void);

/* Address of the first register that start-up gave up waiting for (a clock, a regulator), or 0. */
uint32_t mz_port_boot_failure(void);

typedef struct {
    uint32_t starts; /* how many starts in a row ended in a fault; 0: none */
    uint32_t kind;   /* exception number and program counter of the last fault */
    uint32_t pc;
} mz_early_faults;

/* The starts just before this one that ended in a fault before the console was up. */
mz_early_faults mz_port_early_faults(void);

typedef struct {
    uint32_t bytes;
    uint32_t used_bytes; /* the most that was in use since reset */
} mz_stack_use;

/* Zeros if the use of the stack is unknown. */
mz_stack_use mz_port_stack(void);

/* True if a stack overflow causes a fault. */
bool mz_port_stack_guarded(void);
#define MZ_PORT_RETAINED_BYTES 128u

/* MZ_PORT_RETAINED_BYTES bytes that a reset does not change, 4-byte aligned; undefined after
 * power-on. */
void *mz_port_retained(void);

/* guarded: from now on the room for models with this number is read-only, and a write to it is a
 * fault. Not guarded: it can be written again. */
void mz_port_guard_room(uint32_t room, bool guarded);

/* Restart the chip. Does not return on the target. */
void mz_port_reset(void);

#endif
