/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* How deep the stack went: it is painted at reset, and what was used has lost its paint. */
#ifndef MZ_STACK_H
#define MZ_STACK_H

#include <stdint.h>

/* Ends of the stack, from the linker script. */
extern uint32_t mz_stack_bottom[];
extern uint32_t mz_stack_top[];

/* Once, right after reset. */
void mz_stack_paint(void);

#endif
