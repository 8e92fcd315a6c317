/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/cortex_m7/mz_startup.h"

#include <stddef.h>

#include "mz_board.h"
#include "port/cortex_m7/mz_cache.h"
#include "port/cortex_m7/mz_core.h"
#include "port/cortex_m7/mz_fault.h"
#include "port/cortex_m7/mz_interrupt.h"
#include "port/cortex_m7/mz_mpu.h"
#include "port/cortex_m7/mz_stack.h"
#include "port/cortex_m7/mz_string.h"
#include "port/mz_port.h"

/* From the linker script: NAME_load in flash is copied to NAME_start..NAME_end. */
#define COPIED_SECTION(name) extern uint8_t name##_load[], name##_start[], name##_end[];
#define COPY_SECTION(name) copy_section(name##_start, name##_end, name##_load);

COPIED_SECTION(mz_data)
COPIED_SECTION(mz_ramcode)
MZ_BOARD_COPIES(COPIED_SECTION)
MZ_BOARD_SDRAM_COPIES(COPIED_SECTION)
extern uint8_t mz_bss_start[], mz_bss_end[];

__attribute__((section(".mz_vectors"), used)) const mz_vector mz_vectors[MZ_VECTORS] = {
    [0] = (mz_vector)mz_stack_top,
    [1] = mz_reset_handler,
    [2 ... MZ_CORE_VECTORS + MZ_CONSOLE_IRQ - 1u] = mz_fault_entry,
    [MZ_CORE_VECTORS + MZ_CONSOLE_IRQ] = mz_interrupt_console,
    [MZ_CORE_VECTORS + MZ_CONSOLE_IRQ + 1u ... MZ_VECTORS - 1u] = mz_fault_entry,
};

__attribute__((naked)) void mz_reset_handler(void) {
    __asm__ volatile("cpsid i\n\t"
                     "ldr r0, =mz_stack_top\n\t"
                     "msr msp, r0\n\t"
                     "movs r0, #0\n\t"
                     "msr control, r0\n\t"
                     "ldr r0, =0xE000ED08\n\t" /* VTOR */
                     "ldr r1, =mz_vectors\n\t"
                     "str r1, [r0]\n\t"
                     "ldr r0, =0xE000ED88\n\t" /* CPACR: full access to CP10, CP11 */
                     "ldr r1, [r0]\n\t"
                     "orr r1, r1, #0x00F00000\n\t"
                     "str r1, [r0]\n\t"
                     "dsb 0xF\n\t"
                     "isb 0xF\n\t"
                     "b mz_start\n\t"
                     ".pool");
}

/* Does nothing for a section that stays where it is loaded. */
static void copy_section(uint8_t *start, const uint8_t *end, const uint8_t *load) {
    __asm__("" : "+r"(start)); /* else the compiler may assume that two symbols are two addresses */
    if (start != load) {
        memcpy(start, load, (size_t)(end - start));
    }
}

#if MZ_BOARD_SDRAM_STEPS > 0u
void mz_start_sdram_data(void) {
    MZ_BOARD_SDRAM_COPIES(COPY_SECTION)
}
#endif

/* The boot ROM may have left the system timer, interrupts and caches on. */
static void undo_boot_rom(void) {
    MZ_SYST_CSR &= ~MZ_SYST_CSR_ENABLE;
    MZ_SCB_ICSR = MZ_ICSR_PENDSTCLR | MZ_ICSR_PENDSVCLR;
    for (uint32_t word = 0; word < MZ_NVIC_WORDS; ++word) {
        MZ_NVIC_ICER(word) = UINT32_MAX;
    }
    mz_cache_disable();
}

void mz_start(void) {
    mz_chip_early_init();
    undo_boot_rom();
    mz_stack_paint();
    COPY_SECTION(mz_data)
    COPY_SECTION(mz_ramcode)
    memset(mz_bss_start, 0, (size_t)(mz_bss_end - mz_bss_start));
    mz_mpu_enable(mz_board_mpu, MZ_BOARD_MPU_REGIONS);
    mz_cache_enable();
    MZ_BOARD_COPIES(COPY_SECTION)
    mz_fault_enable();
    __asm__ volatile("cpsie i" ::: "memory");
    (void)main();
    mz_port_reset();
    mz_core_reset();
}
