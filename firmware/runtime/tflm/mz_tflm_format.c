/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "runtime/tflm/mz_tflm_format.h"

#include <stdbool.h>
#include <stdint.h>

#define MAX_DIGITS 24u
#define MAX_DECIMALS 9u

typedef struct {
    char *to;
    size_t room; /* not counting the NUL */
    size_t count;
} sink;

typedef struct {
    bool left;
    char fill;
    size_t width;
    unsigned decimals;
    unsigned longs; /* 2: 64 bits wide */
} spec;

static void put(sink *out, char c) {
    if (out->count < out->room) {
        out->to[out->count] = c;
    }
    ++out->count;
}

static void put_field(sink *out, const spec *field, const char *text, size_t length) {
    const size_t pad = field->width > length ? field->width - length : 0u;
    for (size_t i = 0u; !field->left && i < pad; ++i) {
        put(out, field->fill);
    }
    for (size_t i = 0u; i < length; ++i) {
        put(out, text[i]);
    }
    for (size_t i = 0u; field->left && i < pad; ++i) {
        put(out, ' ');
    }
}

static void put_text(sink *out, const spec *field, const char *text) {
    const char *shown = text != NULL ? text : "(null)";
    size_t length = 0u;
    while (shown[length] != '\0') {
        ++length;
    }
    put_field(out, field, shown, length);
}

/* Fills `digits` from its end and returns where the number begins. */
static char *write_number(char *end, uint64_t value, unsigned base, bool upper) {
    const char *symbols = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    do {
        *--end = symbols[value % base];
        value /= base;
    } while (value != 0u);
    return end;
}

static void put_number(sink *out, const spec *field, uint64_t value, bool negative, unsigned base,
                       bool upper) {
    char digits[MAX_DIGITS];
    char *const end = digits + sizeof digits;
    char *start = write_number(end, value, base, upper);
    spec rest = *field;
    if (negative && field->fill == '0') { /* the zeros come after the sign */
        put(out, '-');
        rest.width -= field->width > 0u ? 1u : 0u;
    } else if (negative) {
        *--start = '-';
    }
    put_field(out, &rest, start, (size_t)(end - start));
}

static void put_real(sink *out, const spec *field, double value) {
    char digits[MAX_DIGITS + MAX_DECIMALS + 2u];
    char *const end = digits + sizeof digits;
    const bool negative = value < 0.0;
    const double size = negative ? -value : value;
    if (!(size < 1e18)) { /* infinite, not a number, or too large for the code below */
        put_text(out, field, size != size ? "nan" : "inf");
        return;
    }
    uint64_t unit = 1u;
    for (unsigned i = 0u; i < field->decimals; ++i) {
        unit *= 10u;
    }
    uint64_t whole = (uint64_t)size;
    uint64_t rest = (uint64_t)((size - (double)whole) * (double)unit + 0.5);
    if (rest >= unit) {
        ++whole;
        rest -= unit;
    }
    char *start = end;
    if (field->decimals > 0u) {
        start = write_number(end, rest, 10u, false);
        while ((size_t)(end - start) < field->decimals) {
            *--start = '0';
        }
        *--start = '.';
    }
    start = write_number(start, whole, 10u, false);
    if (negative) {
        *--start = '-';
    }
    put_field(out, field, start, (size_t)(end - start));
}

static unsigned take_number(const char **at) {
    unsigned value = 0u;
    while (**at >= '0' && **at <= '9' && value < 1000u) {
        value = value * 10u + (unsigned)(*(*at)++ - '0');
    }
    return value;
}

static spec take_spec(const char **at) {
    spec field = {.fill = ' ', .decimals = 6u};
    for (; **at == '-' || **at == '0' || **at == '+' || **at == ' ' || **at == '#'; ++*at) {
        field.left = field.left || **at == '-';
        field.fill = **at == '0' ? '0' : field.fill;
    }
    field.width = take_number(at);
    if (**at == '.') {
        ++*at;
        const unsigned decimals = take_number(at);
        field.decimals = decimals < MAX_DECIMALS ? decimals : MAX_DECIMALS;
    }
    for (;; ++*at) {
        switch (**at) {
        case 'h':
            break;
        case 'l':
            field.longs += sizeof(long) == sizeof(int64_t) ? 2u : 1u;
            break;
        case 'z':
        case 't':
            field.longs = sizeof(size_t) == sizeof(int64_t) ? 2u : 0u;
            break;
        case 'j':
            field.longs = 2u;
            break;
        default:
            return field;
        }
    }
}

int mz_tflm_format(char *to, size_t bytes, const char *format, va_list arguments) {
    sink out = {to, bytes > 0u ? bytes - 1u : 0u, 0u};
    for (const char *at = format; *at != '\0'; ++at) {
        if (*at != '%') {
            put(&out, *at);
            continue;
        }
        const char *const start = at++;
        const spec field = take_spec(&at);
        switch (*at) {
        case '%':
            put(&out, '%');
            break;
        case 'c': {
            const char c = (char)va_arg(arguments, int);
            put_field(&out, &field, &c, 1u);
            break;
        }
        case 's':
            put_text(&out, &field, va_arg(arguments, const char *));
            break;
        case 'd':
        case 'i': {
            const int64_t value =
                field.longs >= 2u ? va_arg(arguments, int64_t) : va_arg(arguments, int);
            const uint64_t size = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
            put_number(&out, &field, size, value < 0, 10u, false);
            break;
        }
        case 'u':
        case 'x':
        case 'X': {
            const uint64_t value =
                field.longs >= 2u ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
            put_number(&out, &field, value, false, *at == 'u' ? 10u : 16u, *at == 'X');
            break;
        }
        case 'p':
            put_number(&out, &field, (uintptr_t)va_arg(arguments, void *), false, 16u, false);
            break;
        case 'e':
        case 'f':
        case 'g':
            put_real(&out, &field, va_arg(arguments, double));
            break;
        default:
            for (const char *c = start; c != at; ++c) {
                put(&out, *c);
            }
            --at; /* the loop reads the last character, perhaps the NUL, again */
            break;
        }
    }
    if (bytes > 0u) {
        to[out.count < out.room ? out.count : out.room] = '\0';
    }
    return (int)out.count;
}
