/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* mz_port.h for the i.MX RT: watchdogs off, clocks, pins, console. */
#include "mz_board.h"
#include "port/console/mz_console.h"
#include "port/cortex_m7/mz_core.h"
#include "port/cortex_m7/mz_fault.h"
#include "port/cortex_m7/mz_mpu.h"
#include "port/cortex_m7/mz_startup.h"
#include "port/imxrt/mz_steps.h"
#include "port/imxrt/mz_watchdog.h"
#include "port/mz_port.h"

static uint32_t given_up;

void mz_chip_early_init(void) {
    for (uint32_t index = 0; index < MZ_BOARD_WATCHDOGS; ++index) {
        mz_watchdog_disable(&mz_board_watchdogs[index]);
    }
}

#if MZ_BOARD_SDRAM_STEPS > 0u
/* The MPU prevents prefetches from the SDRAM until the SDRAM is set up. */
static uint32_t start_sdram(void) {
    const uint32_t failure = mz_steps_run(mz_board_sdram, MZ_BOARD_SDRAM_STEPS);
    if (failure == 0u) {
        mz_mpu_enable(mz_board_mpu, MZ_BOARD_MPU_REGIONS_WITH_SDRAM);
        mz_start_sdram_data();
    }
    return failure;
}
#else
static uint32_t start_sdram(void) {
    return 0u;
}
#endif

static uint32_t first_failure(uint32_t one, uint32_t other) {
    return one != 0u ? one : other;
}

void mz_port_init(void) {
    mz_core_start_cycles();
    const uint32_t clock = mz_steps_run(mz_board_clocks, MZ_BOARD_CLOCK_STEPS);
    const uint32_t pin = mz_steps_run(mz_board_pins, MZ_BOARD_PIN_STEPS);
    given_up = first_failure(first_failure(clock, pin), start_sdram());
    mz_console_init();
    mz_fault_recall();
}

/* The stack is the lowest part of its memory; an access below that memory is a fault. */
bool mz_port_stack_guarded(void) {
    return true;
}

uint32_t mz_port_boot_failure(void) {
    return given_up;
}

#if MZ_BOARD_ROOMS > 0u
void mz_port_guard_room(uint32_t room, bool guarded) {
    if (room < MZ_BOARD_ROOMS) {
        mz_mpu_overlay(mz_board_rooms[room].regions, mz_board_rooms[room].count, guarded);
    }
}
#endif

void mz_port_reset(void) {
    mz_console_flush();
    mz_core_reset();
}
