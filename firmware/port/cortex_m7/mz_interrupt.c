/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/cortex_m7/mz_interrupt.h"

#include "port/cortex_m7/mz_core.h"

#define LOWEST_PRIORITY 0xF0u

void mz_interrupt_enable(uint32_t irq) {
    MZ_NVIC_IPR(irq) = LOWEST_PRIORITY;
    MZ_NVIC_ISER(irq / 32u) = 1u << (irq % 32u);
}
