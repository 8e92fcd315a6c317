/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The console, with NXP's LPUART driver. The SDK's headers are included with <>, since they come
 * from the user's SDK, not from this folder. */
#include <board.h>
#include <fsl_common.h>
#include <fsl_lpuart.h>

#include "mz_board.h"
#include "port/console/mz_lpuart_rate.h"
#include "port/console/mz_uart.h"
#include "port/cortex_m7/mz_interrupt.h"

#define UART ((LPUART_Type *)BOARD_DEBUG_UART_BASEADDR)
#ifdef __arm__
MZ_CONSOLE_INTERRUPT(BOARD_UART_IRQ_HANDLER) /* the name in the SDK's vector table */
#endif

#define FIFO_BYTES ((uint32_t)FSL_FEATURE_LPUART_FIFO_SIZEn(UART))

void mz_uart_init(void) {
    lpuart_config_t config;
    LPUART_GetDefaultConfig(&config);
    config.baudRate_Bps = MZ_CONSOLE_BAUD;
    config.enableTx = true;
    config.enableRx = true;
    if (LPUART_Init(UART, &config, BOARD_DebugConsoleSrcFreq()) != kStatus_Success) {
        /* The UART's clock in the SDK cannot be divided to give MZ_CONSOLE_BAUD. There is no
         * console to report it; a fault stops a debugger here. */
        __builtin_trap();
    }
    mz_interrupt_enable(MZ_CONSOLE_IRQ);
}

void mz_uart_listen(bool on) {
    const uint32_t received = (uint32_t)kLPUART_RxDataRegFullInterruptEnable;
    if (on) {
        LPUART_EnableInterrupts(UART, received);
    } else {
        LPUART_DisableInterrupts(UART, received);
    }
}

uint32_t mz_uart_clock_hz(void) {
    return BOARD_DebugConsoleSrcFreq();
}

uint32_t mz_uart_closest_baud(uint32_t baud) {
    return mz_lpuart_closest_baud(BOARD_DebugConsoleSrcFreq(), baud);
}

/* If the driver refuses, the rate stays; the host then goes back to it. */
void mz_uart_set_baud(uint32_t baud) {
    (void)LPUART_SetBaudRate(UART, baud, BOARD_DebugConsoleSrcFreq());
}

uint32_t mz_uart_receive(uint8_t *dst, uint32_t capacity, uint32_t *overruns) {
    uint32_t received = 0;
    for (;;) {
        if ((LPUART_GetStatusFlags(UART) & (uint32_t)kLPUART_RxOverrunFlag) != 0u) {
            ++*overruns; /* nothing is received until the flag is cleared */
            (void)LPUART_ClearStatusFlags(UART, (uint32_t)kLPUART_RxOverrunFlag);
        }
        uint32_t waiting = LPUART_GetRxFifoCount(UART);
        if (waiting == 0u) {
            return received;
        }
        for (; waiting > 0u; --waiting) {
            if (received == capacity) {
                return received;
            }
            dst[received++] = LPUART_ReadByte(UART);
        }
    }
}

uint32_t mz_uart_send_room(void) {
    /* The driver's default watermark is 0, so the flag means that the FIFO is empty. */
    const uint32_t empty = LPUART_GetStatusFlags(UART) & (uint32_t)kLPUART_TxDataRegEmptyFlag;
    return empty != 0u ? FIFO_BYTES : 0u;
}

void mz_uart_send(uint8_t byte) {
    LPUART_WriteByte(UART, byte);
}

bool mz_uart_sent(void) {
    return (LPUART_GetStatusFlags(UART) & (uint32_t)kLPUART_TransmissionCompleteFlag) != 0u;
}
