/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* TFLM requires DebugLog and DebugVsnprintf from a platform (tensorflow/lite/micro/debug_log.h). A
 * message comes in pieces and ends with a line feed. */
#include "runtime/tflm/mz_tflm_log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/tflm/mz_tflm_format.h"

#define TEXT_BYTES 161u
#define PIECE_BYTES 161u

void DebugLog(const char *format, va_list arguments);
int DebugVsnprintf(char *to, size_t bytes, const char *format, va_list arguments);

static char text[TEXT_BYTES];
static size_t length;
static bool line_ended;

static void add(char c) {
    if (length < TEXT_BYTES - 1u) {
        text[length++] = c;
        text[length] = '\0';
    }
}

void mz_tflm_log_clear(void) {
    text[0] = '\0';
    length = 0u;
    line_ended = false;
}

const char *mz_tflm_log_text(void) {
    return text;
}

void DebugLog(const char *format, va_list arguments) {
    char piece[PIECE_BYTES];
    (void)mz_tflm_format(piece, sizeof piece, format, arguments);
    for (const char *c = piece; *c != '\0'; ++c) {
        if (*c == '\r' || *c == '\n') {
            line_ended = length > 0u;
            continue;
        }
        if (line_ended) {
            add(';');
            add(' ');
            line_ended = false;
        }
        add(*c);
    }
}

int DebugVsnprintf(char *to, size_t bytes, const char *format, va_list arguments) {
    return mz_tflm_format(to, bytes, format, arguments);
}

void mz_tflm_log_add(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    DebugLog(format, arguments);
    va_end(arguments);
    line_ended = true;
}
