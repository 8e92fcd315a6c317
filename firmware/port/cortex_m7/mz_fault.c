/* Faults and unexpected interrupts: record, report over the link, restart. */
#include "port/cortex_m7/mz_fault.h"

#include "app/mz_app.h"
#include "port/cortex_m7/mz_core.h"
#include "port/cortex_m7/mz_stack.h"
#include "port/mz_port.h"

/* Words of the frame that an exception pushes (DDI 0403, B1.5.6), and its whole size. */
enum { FRAME_LR = 5, FRAME_PC = 6, FRAME_PSR = 7, FRAME_BYTES = 32, FRAME_WITH_FPU_BYTES = 104 };

#define EXC_RETURN_NO_FPU 0x10u
#define PSR_STACK_WAS_PADDED 0x200u
#define MIN_HANDLER_STACK 1024u /* bytes that the report may take */

static mz_fault recorded;
static volatile uint32_t handling;

void mz_fault_enable(void) {
    MZ_SCB_CCR |= MZ_CCR_DIV_0_TRP;
    MZ_SCB_SHCSR |= MZ_SHCSR_FAULTS_ENABLED;
    mz_core_sync();
}

static uint32_t active_exception(void) {
    uint32_t ipsr;
    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    return ipsr & 0x1FFu;
}

static void record_frame(const uint32_t *frame, uint32_t exc_return) {
    recorded.lr = frame[FRAME_LR];
    recorded.pc = frame[FRAME_PC];
    recorded.psr = frame[FRAME_PSR];
    recorded.sp += (exc_return & EXC_RETURN_NO_FPU) != 0u ? FRAME_BYTES : FRAME_WITH_FPU_BYTES;
    recorded.sp += (recorded.psr & PSR_STACK_WAS_PADDED) != 0u ? 4u : 0u;
}

__attribute__((noreturn)) void mz_fault_handle(const uint32_t *frame, uint32_t exc_return) {
    if (handling != 0u) {
        mz_core_reset(); /* a fault while reporting one */
    }
    handling = 1;
    const uintptr_t at = (uintptr_t)frame;
    recorded.kind = active_exception();
    recorded.sp = (uint32_t)at;
    if (at >= (uintptr_t)mz_stack_bottom && at + FRAME_BYTES <= (uintptr_t)mz_stack_top) {
        record_frame(frame, exc_return);
    }
    recorded.cfsr = MZ_SCB_CFSR;
    recorded.hfsr = MZ_SCB_HFSR;
    recorded.mmfar = MZ_SCB_MMFAR;
    recorded.bfar = MZ_SCB_BFAR;
    mz_app_report_fault(&recorded);
    mz_port_reset();
    mz_core_reset();
}

/* Stays on the stack while that has room for the report, else starts it over: after an overflow
 * the stack pointer lies below the stack. r0: the frame, r1: EXC_RETURN. */
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
