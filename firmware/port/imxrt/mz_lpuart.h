/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The i.MX RT's low-power UART. */
#ifndef MZ_LPUART_H
#define MZ_LPUART_H

#include <stdbool.h>
#include <stdint.h>

#include "port/console/mz_lpuart_rate.h"

/* 8 data bits, no parity, one stop bit, FIFOs on, no interrupts. Drops bytes that were received
 * before. */
void mz_lpuart_init(uint32_t base, mz_lpuart_rate rate);

/* Switch its receive interrupt on or off: it is pending while the receiver has a byte. */
void mz_lpuart_listen(uint32_t base, bool on);

/* Moves up to capacity received bytes to dst and returns how many. Increments *overruns if the
 * receiver lost bytes. */
uint32_t mz_lpuart_receive(uint32_t base, uint8_t *dst, uint32_t capacity, uint32_t *overruns);

/* How many bytes can be sent right now without waiting. */
uint32_t mz_lpuart_send_room(uint32_t base);

/* Send one byte; the FIFO must have space. */
void mz_lpuart_send(uint32_t base, uint8_t byte);

/* True if all sent bytes have left the pin. */
bool mz_lpuart_sent(uint32_t base);

#endif
