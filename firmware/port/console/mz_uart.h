/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The console's UART, polled: what a port implements with its chip's registers or drivers. */
#ifndef MZ_UART_H
#define MZ_UART_H

#include <stdbool.h>
#include <stdint.h>

/* 8 data bits, no parity, one stop bit, FIFOs on, at the board's rate. Its clock and pins must be
 * set up. Drops what was received before. */
void mz_uart_init(void);

/* What the receiver has: up to capacity bytes to dst, returns how many. Adds to *overruns when it
 * had lost some. */
uint32_t mz_uart_receive(uint8_t *dst, uint32_t capacity, uint32_t *overruns);

/* How many bytes can be sent right now without waiting. */
uint32_t mz_uart_send_room(void);

/* Send one byte; there must be room. */
void mz_uart_send(uint8_t byte);

/* All that was sent has left the pin. */
bool mz_uart_sent(void);

#endif
