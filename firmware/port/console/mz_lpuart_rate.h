/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* How the i.MX RT's low-power UART divides its clock. */
#ifndef MZ_LPUART_RATE_H
#define MZ_LPUART_RATE_H

#include <stdint.h>

/* baud = clock / (oversampling * divisor) */
typedef struct {
    uint32_t oversampling; /* 4..32 */
    uint32_t divisor;      /* 1..8191 */
} mz_lpuart_rate;

/* The rate closest to baud; of equal ones, that with the most oversampling. baud must not be above
 * clock_hz / 4, and clock_hz not above 250 MHz. */
mz_lpuart_rate mz_lpuart_closest_rate(uint32_t clock_hz, uint32_t baud);

/* What that rate makes, in whole hertz; 0 if baud is out of range. */
uint32_t mz_lpuart_closest_baud(uint32_t clock_hz, uint32_t baud);

#endif
