/* Faults and unexpected interrupts. */
#ifndef MZ_FAULT_H
#define MZ_FAULT_H

#include <stdint.h>

/* Let MemManage, BusFault, UsageFault and division by zero be reported as what they are. */
void mz_fault_enable(void);

/* Handler of every exception and interrupt; none is expected. */
void mz_fault_entry(void);

/* Second part of it. frame: what the core pushed, valid or not. */
void mz_fault_handle(const uint32_t *frame, uint32_t exc_return) __attribute__((noreturn));

#endif
