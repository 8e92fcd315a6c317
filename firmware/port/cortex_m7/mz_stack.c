/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/cortex_m7/mz_stack.h"

#include "port/mz_port.h"

#define PAINT 0x5A7AC4EDu
#define SPARED_BYTES 256u /* below the stack pointer: for this function and its callees */

void mz_stack_paint(void) {
    uint32_t *top;
    __asm__ volatile("mov %0, sp" : "=r"(top));
    const uint32_t *end = top - SPARED_BYTES / sizeof *top;
    for (volatile uint32_t *at = mz_stack_bottom; at < end; ++at) {
        *at = PAINT;
    }
}

/* Bytes that were reserved but never written keep their paint, so the real use may be a few bytes
 * more. */
mz_stack_use mz_port_stack(void) {
    const volatile uint32_t *at = mz_stack_bottom;
    while (at < mz_stack_top && *at == PAINT) {
        ++at;
    }
    return (mz_stack_use){
        .bytes = (uint32_t)((uintptr_t)mz_stack_top - (uintptr_t)mz_stack_bottom),
        .used_bytes = (uint32_t)((uintptr_t)mz_stack_top - (uintptr_t)at),
    };
}
