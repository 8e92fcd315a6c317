/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The four functions that a compiler may call in any C code. There is no C library. */
#ifndef MZ_STRING_H
#define MZ_STRING_H

#include <stddef.h>

/* No alignment needed. Source and target must not overlap in memcpy; they may in memmove. */
void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int value, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);

#endif
