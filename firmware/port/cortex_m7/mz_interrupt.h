/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The one interrupt that the firmware uses: that of the console's receiver. */
#ifndef MZ_INTERRUPT_H
#define MZ_INTERRUPT_H

#include <stdint.h>

/* Let interrupt number irq reach the core, at the lowest priority: a fault in its handler is still
 * reported by its own name. */
void mz_interrupt_enable(uint32_t irq);

/* The handler in a stand-alone project's vector table. */
void mz_interrupt_console(void);

/* Defines a handler of the console's interrupt: it calls mz_console_received and takes the time out
 * of the cycle counter, so that an inference has the same count whether bytes arrive meanwhile or
 * not. An emulator counts exactly that; on silicon, entering and leaving the handler (some 25
 * cycles) stay in the count. It changes no register that a kernel uses, and nothing above the stack
 * pointer.
 *
 * r4 holds CYCCNT as it was after three instructions; two follow from the store that sets it back.
 * The store begins a block, because an emulator knows the time only from block to block. A counter
 * that stands still, held or absent, is left alone. */
#define MZ_CONSOLE_INTERRUPT(name) \
    void name(void); \
    __attribute__((naked, used)) void name(void) { \
        __asm__ volatile("push {r4, lr}\n\t" \
                         "movw r0, #0x1004\n\t" \
                         "movt r0, #0xE000\n\t" /* DWT_CYCCNT */ \
                         "ldr r4, [r0]\n\t" \
                         "bl mz_console_received\n\t" \
                         "movw r0, #0x1004\n\t" \
                         "movt r0, #0xE000\n\t" \
                         "ldr r1, [r0]\n\t" \
                         "cmp r1, r4\n\t" \
                         "beq 2f\n\t" \
                         "subs r4, r4, #5\n\t" \
                         "b 1f\n" \
                         "1:\n\t" \
                         "str r4, [r0]\n" \
                         "2:\n\t" \
                         "pop {r4, pc}"); \
    }

#endif
