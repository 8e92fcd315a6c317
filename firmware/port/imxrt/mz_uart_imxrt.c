/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The console is the board's LPUART. */
#include "mz_board.h"
#include "port/console/mz_uart.h"
#include "port/cortex_m7/mz_interrupt.h"
#include "port/imxrt/mz_lpuart.h"

MZ_CONSOLE_INTERRUPT(mz_interrupt_console)

uint32_t mz_uart_clock_hz(void) {
    return MZ_CONSOLE_CLOCK_HZ;
}

uint32_t mz_uart_closest_baud(uint32_t baud) {
    return mz_lpuart_closest_baud(MZ_CONSOLE_CLOCK_HZ, baud);
}

void mz_uart_set_baud(uint32_t baud) {
    mz_lpuart_init(MZ_CONSOLE_BASE, mz_lpuart_closest_rate(MZ_CONSOLE_CLOCK_HZ, baud));
}

void mz_uart_init(void) {
    mz_uart_set_baud(MZ_CONSOLE_BAUD);
    mz_interrupt_enable(MZ_CONSOLE_IRQ);
}

void mz_uart_listen(bool on) {
    mz_lpuart_listen(MZ_CONSOLE_BASE, on);
}

uint32_t mz_uart_receive(uint8_t *dst, uint32_t capacity, uint32_t *overruns) {
    return mz_lpuart_receive(MZ_CONSOLE_BASE, dst, capacity, overruns);
}

uint32_t mz_uart_send_room(void) {
    return mz_lpuart_send_room(MZ_CONSOLE_BASE);
}

void mz_uart_send(uint8_t byte) {
    mz_lpuart_send(MZ_CONSOLE_BASE, byte);
}

bool mz_uart_sent(void) {
    return mz_lpuart_sent(MZ_CONSOLE_BASE);
}
