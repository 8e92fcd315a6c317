/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/cortex_m7/mz_core.h"

#include "mz_board.h"
#include "port/mz_port.h"
#include "port/mz_retained.h"

_Static_assert(MZ_CORE_CLOCK_HZ / 1000u * MZ_PORT_TICK_MS <= 0x1000000u, "SysTick counts 24 bits");

#define DWT_UNLOCK_KEY 0xC5ACCE55u

void mz_core_reset(void) {
    mz_core_sync();
    MZ_SCB_AIRCR = MZ_AIRCR_SYSRESETREQ;
    mz_core_sync();
    for (;;) {
    }
}

void mz_core_delay_us(uint32_t us, uint32_t core_clock_hz) {
    /* Each subtraction needs the result of the previous one, so it takes at least one cycle. There
     * are eight per pass of the loop, because an emulator spends most of its time on the branch. */
    int32_t cycles = (int32_t)(us * (core_clock_hz / 1000000u + 1u));
    __asm__ volatile("1:\n\t"
                     ".rept 8\n\t"
                     "subs %0, %0, #1\n\t"
                     ".endr\n\t"
                     "bgt 1b"
                     : "+l"(cycles)
                     :
                     : "cc");
}

void mz_core_start_cycles(void) {
    MZ_SCB_DEMCR |= MZ_DEMCR_TRCENA;
    MZ_DWT_LAR = DWT_UNLOCK_KEY; /* the Cortex-M7's DWT is write-protected after reset */
    MZ_DWT_CYCCNT = 0;
    MZ_DWT_CTRL |= MZ_DWT_CTRL_CYCCNTENA;
}

mz_count mz_port_cycles(void) {
    /* Both are always read: an emulator cannot stop counting inside an IT block. */
    const uint32_t cycles = MZ_DWT_CYCCNT;
    const uint32_t control = MZ_DWT_CTRL;
    return (control & MZ_DWT_CTRL_NOCYCCNT) != 0u ? 0u : cycles;
}

void mz_port_hold_cycles(bool still) {
    const uint32_t control = MZ_DWT_CTRL & ~MZ_DWT_CTRL_CYCCNTENA;
    MZ_DWT_CTRL = still ? control : control | MZ_DWT_CTRL_CYCCNTENA;
}

void mz_port_count_ticks(bool on) {
    MZ_SYST_CSR = 0u;
    if (on) {
        MZ_SYST_RVR = MZ_CORE_CLOCK_HZ / 1000u * MZ_PORT_TICK_MS - 1u;
        MZ_SYST_CVR = 0u;
        MZ_SYST_CSR = MZ_SYST_CSR_CORE_CLOCK | MZ_SYST_CSR_ENABLE;
    }
}

/* Reading the flag clears it. */
bool mz_port_tick(void) {
    return (MZ_SYST_CSR & MZ_SYST_CSR_COUNTFLAG) != 0u;
}

uint32_t mz_port_cpuid(void) {
    return MZ_SCB_CPUID;
}

void *mz_port_retained(void) {
    static MZ_RETAINED uint32_t retained[MZ_PORT_RETAINED_BYTES / sizeof(uint32_t)];
    return retained;
}
