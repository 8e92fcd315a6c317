/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/console/mz_lpuart_rate.h"

#define MIN_OVERSAMPLING 4u
#define MAX_OVERSAMPLING 32u
#define MAX_DIVISOR 0x1FFFu

static uint32_t distance(uint32_t left, uint32_t right) {
    return left > right ? left - right : right - left;
}

mz_lpuart_rate mz_lpuart_closest_rate(uint32_t clock_hz, uint32_t baud) {
    mz_lpuart_rate best = {MIN_OVERSAMPLING, 1};
    uint32_t best_error = UINT32_MAX;
    for (uint32_t oversampling = MAX_OVERSAMPLING; oversampling >= MIN_OVERSAMPLING;
         --oversampling) {
        const uint32_t step = baud * oversampling;
        uint32_t divisor = (clock_hz + step / 2u) / step;
        divisor = divisor < 1u ? 1u : divisor > MAX_DIVISOR ? MAX_DIVISOR : divisor;
        const uint32_t error = distance(clock_hz / (oversampling * divisor), baud);
        if (error < best_error) {
            best_error = error;
            best.oversampling = oversampling;
            best.divisor = divisor;
        }
    }
    return best;
}

uint32_t mz_lpuart_closest_baud(uint32_t clock_hz, uint32_t baud) {
    if (baud == 0u || baud > clock_hz / MIN_OVERSAMPLING) {
        return 0u;
    }
    const mz_lpuart_rate rate = mz_lpuart_closest_rate(clock_hz, baud);
    return clock_hz / (rate.oversampling * rate.divisor);
}
