/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Copying neighbouring bytes. */
#ifndef MZ_COPY_RUN_H
#define MZ_COPY_RUN_H

#include <stdint.h>

/* No alignment needed. `to` may lie over `from` where it does not begin behind it. The bytes are
 * written as if one by one, upwards. */
static inline void mz_copy_run(int8_t *to, const int8_t *from, int32_t bytes) {
    const uintptr_t distance = (uintptr_t)from - (uintptr_t)to;
    int32_t i = 0;
    /* Words only where none is written before all of it is read. */
    if (distance >= 4 && distance <= UINTPTR_MAX - 3) {
        for (; i + 4 <= bytes; i += 4) {
            __builtin_memcpy(to + i, from + i, 4);
        }
    }
    for (; i < bytes; i++) {
        to[i] = from[i];
    }
}

#endif
