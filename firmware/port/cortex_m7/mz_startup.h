/* From reset to main. */
#ifndef MZ_STARTUP_H
#define MZ_STARTUP_H

#include <stdint.h>

#define MZ_VECTORS 256u /* 16 of the core, up to 240 of the chip */

/* Ends of the stack, from the linker script. It lies at the very start of its memory, so that an
 * overflow leaves the memory and faults. */
extern uint32_t mz_stack_bottom[];
extern uint32_t mz_stack_top[];

/* The vector table. */
typedef void (*mz_vector)(void);
extern const mz_vector mz_vectors[MZ_VECTORS];

/* First instruction of the image, whatever state the boot ROM leaves the core in. */
void mz_reset_handler(void);

/* Called by the reset handler on a fresh stack, with the FPU on and the vector table set. */
void mz_start(void) __attribute__((noreturn));

/* Handler of every exception and interrupt; none is expected. */
void mz_fault_entry(void);

/* Second part of it. frame: what the core pushed, valid or not. */
void mz_fault_handle(const uint32_t *frame, uint32_t exc_return) __attribute__((noreturn));

/* What the chip needs before anything else, while neither .data nor .bss is ready. */
void mz_chip_early_init(void);

int main(void);

#endif
