/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Words are read and written at any alignment, which the Cortex-M7 allows in normal memory. Without
 * the empty asm, the compiler could replace the loop by a call of the function that it
 * implements. */
#include "port/cortex_m7/mz_string.h"

#include <stdint.h>

typedef uint32_t any_word __attribute__((aligned(1), may_alias));

#define NOT_AN_IDIOM() __asm__ volatile("")

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes) {
    uint8_t *to = dst;
    const uint8_t *from = src;
    for (; bytes >= 16u; bytes -= 16u, to += 16, from += 16) {
        const any_word *in = (const any_word *)from;
        any_word *out = (any_word *)to;
        const uint32_t a = in[0], b = in[1], c = in[2], d = in[3];
        out[0] = a;
        out[1] = b;
        out[2] = c;
        out[3] = d;
        NOT_AN_IDIOM();
    }
    for (; bytes > 0u; --bytes) {
        *to++ = *from++;
        NOT_AN_IDIOM();
    }
    return dst;
}

void *memmove(void *dst, const void *src, size_t bytes) {
    uint8_t *to = dst;
    const uint8_t *from = src;
    if ((uintptr_t)to - (uintptr_t)from >= bytes) {
        for (; bytes > 0u; --bytes) {
            *to++ = *from++;
            NOT_AN_IDIOM();
        }
        return dst;
    }
    while (bytes > 0u) {
        --bytes;
        to[bytes] = from[bytes];
        NOT_AN_IDIOM();
    }
    return dst;
}

void *memset(void *dst, int value, size_t bytes) {
    uint8_t *to = dst;
    const uint32_t word = (uint8_t)value * 0x01010101u;
    for (; bytes >= 16u; bytes -= 16u, to += 16) {
        any_word *out = (any_word *)to;
        out[0] = word;
        out[1] = word;
        out[2] = word;
        out[3] = word;
        NOT_AN_IDIOM();
    }
    for (; bytes > 0u; --bytes) {
        *to++ = (uint8_t)value;
        NOT_AN_IDIOM();
    }
    return dst;
}

int memcmp(const void *left, const void *right, size_t bytes) {
    const uint8_t *a = left;
    const uint8_t *b = right;
    for (; bytes > 0u; --bytes, ++a, ++b) {
        if (*a != *b) {
            return *a - *b;
        }
        NOT_AN_IDIOM();
    }
    return 0;
}

#ifdef __ARM_EABI__
/* clang calls these functions instead (Run-time ABI for the Arm Architecture, 4.3.4). The variants
 * for aligned pointers are the same as the general ones. */
void __aeabi_memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void __aeabi_memmove(void *dst, const void *src, size_t bytes);
void __aeabi_memset(void *dst, size_t bytes, int value);
void __aeabi_memclr(void *dst, size_t bytes);

void __aeabi_memcpy(void *restrict dst, const void *restrict src, size_t bytes) {
    memcpy(dst, src, bytes);
}

void __aeabi_memmove(void *dst, const void *src, size_t bytes) {
    memmove(dst, src, bytes);
}

void __aeabi_memset(void *dst, size_t bytes, int value) {
    memset(dst, value, bytes);
}

void __aeabi_memclr(void *dst, size_t bytes) {
    memset(dst, 0, bytes);
}

#define ALIGNED_VARIANTS(name, ...) \
    void name##4(__VA_ARGS__) __attribute__((alias(#name))); \
    void name##8(__VA_ARGS__) __attribute__((alias(#name)))

ALIGNED_VARIANTS(__aeabi_memcpy, void *restrict, const void *restrict, size_t);
ALIGNED_VARIANTS(__aeabi_memmove, void *, const void *, size_t);
ALIGNED_VARIANTS(__aeabi_memset, void *, size_t, int);
ALIGNED_VARIANTS(__aeabi_memclr, void *, size_t);
#endif
