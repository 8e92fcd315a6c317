/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Measures the use of the stack: the stack is painted at reset, and used bytes lose their paint. */
#ifndef MZ_STACK_H
#define MZ_STACK_H

#include <stdint.h>

/* Lower and upper end of the stack, from the linker script. */
extern uint32_t mz_stack_bottom[];
extern uint32_t mz_stack_top[];

/* Call it once, right after reset. */
void mz_stack_paint(void);

#endif
