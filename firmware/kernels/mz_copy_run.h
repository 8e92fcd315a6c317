/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Copying neighbouring bytes. */
#ifndef MZ_COPY_RUN_H
#define MZ_COPY_RUN_H

#include <stdint.h>

#define MZ_COPY_FEW 8

/* At most MZ_COPY_FEW bytes, and at least one. No alignment needed. All are read before any is
 * written. */
static inline void mz_copy_few(int8_t *to, const int8_t *from, int32_t bytes) {
    if (bytes < 4) {
        const int32_t middle = bytes >> 1;
        const int8_t first = from[0], second = from[middle], third = from[bytes - 1];
        to[0] = first;
        to[middle] = second;
        to[bytes - 1] = third;
        return;
    }
    uint32_t first, last;
    __builtin_memcpy(&first, from, 4);
    __builtin_memcpy(&last, from + bytes - 4, 4);
    __builtin_memcpy(to, &first, 4);
    __builtin_memcpy(to + bytes - 4, &last, 4);
}

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
