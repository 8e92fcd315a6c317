/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The board's console: a UART with a receive ring. An idle board polls the UART; while it works, an
 * interrupt moves what arrives to the ring. */
#ifndef MZ_CONSOLE_H
#define MZ_CONSOLE_H

#include <stdbool.h>

/* Its clock and pins must be set up. Before this call, reads return nothing and writes are
 * dropped. */
void mz_console_init(void);

/* True if written bytes are sent. Undefined before .bss is cleared. */
bool mz_console_ready(void);

/* The UART's receive interrupt: see mz_interrupt.h. */
void mz_console_received(void);

/* Wait, up to a limit, until all written bytes have left the pin. */
void mz_console_flush(void);

#endif
