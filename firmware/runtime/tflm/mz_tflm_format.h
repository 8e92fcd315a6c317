/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The part of vsnprintf that TFLM's messages need, without heap, locale or C library. */
#ifndef MZ_TFLM_FORMAT_H
#define MZ_TFLM_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most `bytes` - 1 characters and a terminating NUL to `to` (nothing if bytes is 0).
 * Returns how many characters the whole text has. Conversions: % c s d i u x X p f e g, the last
 * three as a decimal fraction; field width, flags 0 and -, precision of f; modifiers h l ll z t j.
 * Other characters are copied unchanged. No alignment; `to` must not overlap the format or the
 * texts. */
int mz_tflm_format(char *to, size_t bytes, const char *format, va_list arguments);

#endif
