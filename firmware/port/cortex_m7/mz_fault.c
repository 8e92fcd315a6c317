/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* On a fault or an unexpected interrupt: record it, stop for a debugger, report it, restart. */
#include "port/cortex_m7/mz_fault.h"

#include <stdbool.h>

#include "app/mz_app.h"
#include "port/console/mz_console.h"
#include "port/cortex_m7/mz_core.h"
#include "port/cortex_m7/mz_stack.h"
#include "port/mz_port.h"

/* Words of the frame that an exception pushes (DDI 0403, B1.5.6), and its whole size. */
enum { NMI = 2, USAGE_FAULT = 6 };
enum { FRAME_LR = 5, FRAME_PC = 6, FRAME_PSR = 7, FRAME_BYTES = 32, FRAME_WITH_FPU_BYTES = 104 };

#define EXC_RETURN_NO_FPU 0x10u
#define EXC_RETURN_THREAD 0x8u
#define PSR_EXCEPTION 0x1FFu
#define PSR_STACK_WAS_PADDED 0x200u
#define MIN_HANDLER_STACK 1024u /* bytes of stack for the report */
#define MAGIC 0x464D5A31u

MZ_RETAINED mz_fault_record mz_last_fault;
static mz_early_faults early;

void mz_fault_enable(void) {
    MZ_SCB_CCR |= MZ_CCR_DIV_0_TRP;
    MZ_SCB_SHCSR |= MZ_SHCSR_FAULTS_ENABLED;
    mz_core_sync();
}

static uint32_t starts_before(void) {
    const bool known = mz_retained_sealed(&mz_last_fault, sizeof mz_last_fault, MAGIC);
    return known ? mz_last_fault.starts : 0u;
}

void mz_fault_recall(void) {
    const mz_fault *fault = &mz_last_fault.fault;
    early = (mz_early_faults){starts_before(), fault->kind, fault->pc};
    mz_last_fault.seal.magic = 0u;
}

mz_early_faults mz_port_early_faults(void) {
    return early;
}

static uint32_t active_exception(void) {
    uint32_t ipsr;
    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    return ipsr & PSR_EXCEPTION;
}

static bool in_stack(const uint32_t *frame) {
    const uintptr_t at = (uintptr_t)frame;
    return at >= (uintptr_t)mz_stack_bottom && at + FRAME_BYTES <= (uintptr_t)mz_stack_top;
}

/* True for a fault in this handler itself, which then ran on a good stack. */
static bool nested(const uint32_t *frame, uint32_t exc_return) {
    if ((exc_return & EXC_RETURN_THREAD) != 0u || !in_stack(frame)) {
        return false;
    }
    const uint32_t interrupted = frame[FRAME_PSR] & PSR_EXCEPTION;
    return interrupted >= NMI && interrupted <= USAGE_FAULT;
}

static void record(mz_fault *fault, const uint32_t *frame, uint32_t exc_return) {
    *fault = (mz_fault){
        .kind = active_exception(),
        .sp = (uint32_t)(uintptr_t)frame,
        .cfsr = MZ_SCB_CFSR,
        .hfsr = MZ_SCB_HFSR,
        .mmfar = MZ_SCB_MMFAR,
        .bfar = MZ_SCB_BFAR,
    };
    /* If the core could push the frame, it can be read, even below the stack. */
    if ((fault->cfsr & MZ_CFSR_STACKING) == 0u) {
        fault->lr = frame[FRAME_LR];
        fault->pc = frame[FRAME_PC];
        fault->psr = frame[FRAME_PSR];
        fault->sp += (exc_return & EXC_RETURN_NO_FPU) != 0u ? FRAME_BYTES : FRAME_WITH_FPU_BYTES;
        fault->sp += (fault->psr & PSR_STACK_WAS_PADDED) != 0u ? 4u : 0u;
    }
    fault->stack_bottom = (uint32_t)(uintptr_t)mz_stack_bottom;
}

/* Continue in the debugger: then the fault is reported and the board restarts. */
static void stop_for_a_debugger(void) {
    if ((MZ_SCB_DHCSR & MZ_DHCSR_C_DEBUGEN) != 0u) {
        __asm__ volatile("bkpt #0");
    }
}

/* .bss may still be that of an earlier start; it is valid once mz_fault_enable has run. */
static bool console_is_up(void) {
    const uint32_t enabled = MZ_SCB_SHCSR & MZ_SHCSR_FAULTS_ENABLED;
    return enabled == MZ_SHCSR_FAULTS_ENABLED && mz_console_ready();
}

/* There is no console: leave the report to the next start. No WFI, which can cut off a debug
 * probe. */
static void end_early(uint32_t starts) {
    mz_last_fault.starts = starts;
    mz_retained_seal(&mz_last_fault, sizeof mz_last_fault, MAGIC);
    while (starts >= MZ_FAULT_MAX_EARLY) {
        __asm__ volatile("nop");
    }
    mz_core_reset();
}

__attribute__((noreturn)) void mz_fault_handle(const uint32_t *frame, uint32_t exc_return) {
    if (nested(frame, exc_return)) {
        stop_for_a_debugger();
        mz_core_reset();
    }
    const uint32_t before = starts_before();
    record(&mz_last_fault.fault, frame, exc_return);
    stop_for_a_debugger();
    if (!console_is_up()) {
        end_early(before + 1u);
    }
    mz_app_report_fault(&mz_last_fault.fault);
    mz_port_reset();
    mz_core_reset();
}

/* Keeps the stack pointer if there is enough stack left for the report. Otherwise it sets the stack
 * pointer to the top: after an overflow it lies below the stack. r0: the frame, r1: EXC_RETURN. */
__attribute__((naked)) void mz_fault_entry(void) {
    __asm__ volatile("mrs r0, msp\n\t"
                     "mov r1, lr\n\t"
                     "ldr r2, =mz_stack_bottom\n\t"
                     "add r2, r2, %0\n\t"
                     "ldr r3, =mz_stack_top\n\t"
                     "cmp r0, r2\n\t"
                     "blo 1f\n\t"
                     "cmp r0, r3\n\t"
                     "bls 2f\n"
                     "1:\n\t"
                     "msr msp, r3\n"
                     "2:\n\t"
                     "b mz_fault_handle\n\t"
                     ".pool" ::"i"(MIN_HANDLER_STACK));
}
