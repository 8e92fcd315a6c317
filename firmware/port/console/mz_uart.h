/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The console's UART. A port implements it with registers or with drivers of the chip. */
#ifndef MZ_UART_H
#define MZ_UART_H

#include <stdbool.h>
#include <stdint.h>

/* 8 data bits, no parity, one stop bit, FIFOs on, at the board's rate. Its clock and pins must be
 * set up. Drops bytes that were received before. The receive interrupt is prepared and off. */
void mz_uart_init(void);

/* Switch the receive interrupt on or off. It comes, through mz_interrupt_console, while the
 * receiver has a byte. */
void mz_uart_listen(bool on);

/* What its rates are divided from, in hertz. */
uint32_t mz_uart_clock_hz(void);

/* See mz_port_closest_baud. */
uint32_t mz_uart_closest_baud(uint32_t baud);

/* Change the rate. Nothing is being sent; bytes in the receiver are dropped, and its interrupt is
 * off. */
void mz_uart_set_baud(uint32_t baud);

/* Moves up to capacity received bytes to dst and returns how many. Increments *overruns if the
 * receiver lost bytes. */
uint32_t mz_uart_receive(uint8_t *dst, uint32_t capacity, uint32_t *overruns);

/* How many bytes can be sent right now without waiting. */
uint32_t mz_uart_send_room(void);

/* Send one byte; the FIFO must have space. */
void mz_uart_send(uint8_t byte);

/* True if all sent bytes have left the pin. */
bool mz_uart_sent(void);

#endif
