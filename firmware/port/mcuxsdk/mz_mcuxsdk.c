/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* mz_port.h for an application of the MCUXpresso SDK. The SDK's start-up code calls main; its board
 * files set up memory protection, caches, clocks and pins. */
#include <app.h>
#include <clock_config.h>
#include <fsl_common.h>
#include <stddef.h>

#include "mz_board.h"
#include "port/console/mz_console.h"
#include "port/cortex_m7/mz_core.h"
#include "port/cortex_m7/mz_fault.h"
#include "port/cortex_m7/mz_mpu.h"
#include "port/cortex_m7/mz_stack.h"
#include "port/mz_port.h"

_Static_assert(BOARD_BOOTCLOCKRUN_CORE_CLOCK == MZ_CORE_CLOCK_HZ,
               "the SDK runs the core at another clock than the board file says");

extern uint32_t mz_stack_guard[];

/* From the linker script: NAME_load in flash is copied to NAME_start..NAME_end. */
#define COPIED_SECTION(name) extern uint8_t name##_load[], name##_start[], name##_end[];
#define COPY_SECTION(name) \
    __builtin_memcpy(name##_start, name##_load, (size_t)(name##_end - name##_start));

COPIED_SECTION(mz_ramcode)
MZ_BOARD_COPIES(COPIED_SECTION)

static bool guarded;
static uint32_t given_up;

/* The SDK's linker script puts the stack above all other data, which an overflow would
 * overwrite. */
static bool guard_stack(void) {
    return mz_mpu_guard((uint32_t)(uintptr_t)mz_stack_guard, MZ_STACK_GUARD_LOG2_BYTES);
}

#if MZ_BOARD_SDRAM_STEPS > 0u
/* The SDK's clock tree is up. Its MPU set-up maps the SDRAM only for images that a debugger loads
 * there. */
static uint32_t start_sdram(void) {
    const uint32_t failure = mz_steps_run(mz_board_sdram, MZ_BOARD_SDRAM_STEPS);
    if (failure == 0u) {
        mz_mpu_overlay(mz_board_sdram_mpu, MZ_BOARD_SDRAM_REGIONS, true);
    }
    return failure;
}
#else
static uint32_t start_sdram(void) {
    return 0u;
}
#endif

static void copy_code(void) {
    COPY_SECTION(mz_ramcode)
    mz_core_sync();
}

static void copy_sections(void) {
    MZ_BOARD_COPIES(COPY_SECTION)
}

void mz_port_init(void) {
    mz_stack_paint();
    mz_core_start_cycles();
    mz_mpu_forget();
    BOARD_InitHardware();
    copy_code();
    given_up = start_sdram();
    guarded = guard_stack();
    mz_fault_enable();
    if (given_up == 0u) {
        copy_sections();
    }
    mz_console_init();
    mz_fault_recall();
}

bool mz_port_stack_guarded(void) {
    return guarded;
}

/* The SDK waits for its clocks without a limit: only the SDRAM's steps give up a wait. */
uint32_t mz_port_boot_failure(void) {
    return given_up;
}

void mz_port_reset(void) {
    mz_console_flush();
    NVIC_SystemReset();
}

/* The handlers that the SDK's vector table names. If they are not defined, the SDK's wait
 * forever. */
void NMI_Handler(void) __attribute__((alias("unexpected")));
void HardFault_Handler(void) __attribute__((alias("unexpected")));
void MemManage_Handler(void) __attribute__((alias("unexpected")));
void BusFault_Handler(void) __attribute__((alias("unexpected")));
void UsageFault_Handler(void) __attribute__((alias("unexpected")));
void DefaultISR(void) __attribute__((alias("unexpected")));

static __attribute__((naked, used)) void unexpected(void) {
    __asm__ volatile("b mz_fault_entry");
}
