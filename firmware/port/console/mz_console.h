/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The board's console: a UART with a receive ring, polled from mz_port_read and while
 * mz_port_write waits. */
#ifndef MZ_CONSOLE_H
#define MZ_CONSOLE_H

#include <stdbool.h>

/* Its clock and pins must be set up. Before this, reads find nothing and writes go nowhere. */
void mz_console_init(void);

/* Whether what is written arrives. Undefined before .bss is cleared. */
bool mz_console_ready(void);

/* Wait, not forever, until all that was written has left the pin. */
void mz_console_flush(void);

#endif
