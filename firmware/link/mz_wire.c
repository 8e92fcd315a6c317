/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "link/mz_wire.h"

#include <stddef.h>

#include "link/mz_messages.h"

mz_reader mz_reader_of(mz_span payload) {
    const mz_reader reader = {payload, true};
    return reader;
}

uint8_t mz_read_u8(mz_reader *reader) {
    if (reader->left.count == 0u) {
        reader->ok = false;
        return 0u;
    }
    reader->left.count--;
    return *reader->left.bytes++;
}

uint16_t mz_read_u16(mz_reader *reader) {
    const uint32_t low = mz_read_u8(reader);
    return (uint16_t)(low | (uint32_t)mz_read_u8(reader) << 8);
}

uint32_t mz_read_u32(mz_reader *reader) {
    const uint32_t low = mz_read_u16(reader);
    return low | (uint32_t)mz_read_u16(reader) << 16;
}

const uint8_t *mz_read_sha256(mz_reader *reader) {
    const uint8_t *digest = reader->left.bytes;
    if (reader->left.count < MZ_SHA256_BYTES) {
        reader->left.count = 0u;
        reader->ok = false;
        return NULL;
    }
    reader->left.bytes += MZ_SHA256_BYTES;
    reader->left.count -= MZ_SHA256_BYTES;
    return digest;
}

mz_span mz_read_rest(mz_reader *reader) {
    const mz_span rest = reader->left;
    reader->left.count = 0u;
    return rest;
}

mz_writer mz_writer_over(uint8_t *bytes, uint32_t capacity) {
    const mz_writer writer = {bytes, capacity, 0u};
    return writer;
}

void mz_write_u8(mz_writer *writer, uint8_t value) {
    if (writer->count < writer->capacity) {
        writer->bytes[writer->count++] = value;
    }
}

void mz_write_u16(mz_writer *writer, uint16_t value) {
    mz_write_u8(writer, (uint8_t)value);
    mz_write_u8(writer, (uint8_t)(value >> 8));
}

void mz_write_u32(mz_writer *writer, uint32_t value) {
    mz_write_u16(writer, (uint16_t)value);
    mz_write_u16(writer, (uint16_t)(value >> 16));
}

void mz_write_u64(mz_writer *writer, uint64_t value) {
    mz_write_u32(writer, (uint32_t)value);
    mz_write_u32(writer, (uint32_t)(value >> 32));
}

void mz_write_rest(mz_writer *writer, mz_span span) {
    for (uint32_t i = 0u; i < span.count; i++) {
        mz_write_u8(writer, span.bytes[i]);
    }
}

void mz_write_sha256(mz_writer *writer, const uint8_t *digest) {
    const mz_span span = {digest, 32u};
    mz_write_rest(writer, span);
}

void mz_write_text(mz_writer *writer, const char *text) {
    mz_span span = {(const uint8_t *)text, 0u};
    while (span.count < MZ_MAX_TEXT_BYTES && text[span.count] != '\0') {
        span.count++;
    }
    mz_write_u8(writer, (uint8_t)span.count);
    mz_write_rest(writer, span);
}

void mz_write_spec(mz_writer *writer, const mz_tensor_spec *spec) {
    /* In C11, a union may be used to read the bits of a float. */
    const union {
        float value;
        uint32_t bits;
    } scale = {spec->scale};

    mz_write_u8(writer, (uint8_t)spec->dtype);
    mz_write_u8(writer, spec->rank);
    for (uint32_t i = 0u; i < MZ_MAX_RANK; i++) {
        mz_write_u16(writer, i < spec->rank ? spec->dims[i] : 0u);
    }
    mz_write_u32(writer, scale.bits);
    mz_write_u32(writer, (uint32_t)spec->zero_point);
    mz_write_u32(writer, spec->bytes);
    mz_write_text(writer, spec->name);
}
