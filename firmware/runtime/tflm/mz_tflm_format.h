/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The part of vsnprintf that TFLM's messages use, without heap, locale or C library. */
#ifndef MZ_TFLM_FORMAT_H
#define MZ_TFLM_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most `bytes` - 1 characters and a terminating NUL to `to` (nothing when bytes is 0) and
 * returns how many characters there were to write. Conversions: % c s d i u x X p f e g, the latter
 * three as a decimal fraction; field width, 0 and - flags and precision of f; modifiers h l ll z t
 * j. Anything else is copied as it stands. No alignment; `to` overlaps neither format nor texts. */
int mz_tflm_format(char *to, size_t bytes, const char *format, va_list arguments);

#endif
