/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Registers: NXP MCUXpresso SDK, PERI_LPUART.h, *_features.h. */
#include "port/imxrt/mz_lpuart.h"

#include "port/cortex_m7/mz_core.h"

#define GLOBAL(base) MZ_REG((base) + 0x08u)
#define BAUD(base) MZ_REG((base) + 0x10u)
#define STAT(base) MZ_REG((base) + 0x14u)
#define CTRL(base) MZ_REG((base) + 0x18u)
#define DATA(base) MZ_REG((base) + 0x1Cu)
#define FIFO(base) MZ_REG((base) + 0x28u)
#define WATER(base) MZ_REG((base) + 0x2Cu)

#define GLOBAL_RST 0x2u
#define BAUD_BOTHEDGE 0x00020000u
#define BAUD_OSR_SHIFT 24
#define STAT_SETTINGS 0x3E000000u /* configuration bits; most others are cleared by writing 1 */
#define STAT_OR 0x00080000u
#define STAT_RDRF 0x00200000u
#define STAT_TC 0x00400000u
#define STAT_TDRE 0x00800000u
#define CTRL_TE_RE 0x000C0000u
#define CTRL_RIE 0x00200000u
#define FIFO_ENABLE 0x00000088u
#define FIFO_FLUSH 0x0000C000u

#define FIFO_DEPTH 4u /* FSL_FEATURE_LPUART_FIFO_SIZEn of all these chips */
#define BOTH_EDGES_BELOW 8u

void mz_lpuart_init(uint32_t base, mz_lpuart_rate rate) {
    GLOBAL(base) = GLOBAL_RST;
    GLOBAL(base) = 0;
    BAUD(base) = ((rate.oversampling - 1u) << BAUD_OSR_SHIFT) | rate.divisor |
                 (rate.oversampling < BOTH_EDGES_BELOW ? BAUD_BOTHEDGE : 0u);
    WATER(base) = 0;
    FIFO(base) = FIFO_ENABLE;
    FIFO(base) = FIFO_ENABLE | FIFO_FLUSH;
    CTRL(base) = CTRL_TE_RE;
}

/* The watermark is 0: each byte that the FIFO holds asks for the interrupt. */
void mz_lpuart_listen(uint32_t base, bool on) {
    CTRL(base) = CTRL_TE_RE | (on ? CTRL_RIE : 0u);
}

uint32_t mz_lpuart_receive(uint32_t base, uint8_t *dst, uint32_t capacity, uint32_t *overruns) {
    uint32_t received = 0;
    for (;;) {
        const uint32_t status = STAT(base);
        if ((status & STAT_OR) != 0u) {
            ++*overruns; /* nothing is received until the flag is cleared */
            STAT(base) = (status & STAT_SETTINGS) | STAT_OR;
        }
        if ((status & STAT_RDRF) == 0u) {
            return received;
        }
        for (uint32_t waiting = (WATER(base) >> 24) & 0x7u; waiting > 0u; --waiting) {
            if (received == capacity) {
                return received;
            }
            dst[received++] = (uint8_t)DATA(base);
        }
    }
}

uint32_t mz_lpuart_send_room(uint32_t base) {
    /* The watermark is 0, so the flag means that the FIFO is empty. */
    return (STAT(base) & STAT_TDRE) != 0u ? FIFO_DEPTH : 0u;
}

void mz_lpuart_send(uint32_t base, uint8_t byte) {
    DATA(base) = byte;
}

bool mz_lpuart_sent(uint32_t base) {
    return (STAT(base) & STAT_TC) != 0u;
}
