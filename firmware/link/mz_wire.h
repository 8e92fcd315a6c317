/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Read and write message payloads: little-endian, unaligned, bounds-checked. Readers and writers
 * belong to the caller. So do the bytes that they use, which must stay valid as long as they are
 * used. */
#ifndef MZ_WIRE_H
#define MZ_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/mz_runtime.h"

/* Bytes that belong to somebody else; no alignment. */
typedef struct {
    const uint8_t *bytes;
    uint32_t count;
} mz_span;

/* Reads a payload front to back. Reading beyond its end gives zeros and clears ok. */
typedef struct {
    mz_span left;
    bool ok;
} mz_reader;

/* A reader at the front of the payload. */
mz_reader mz_reader_of(mz_span payload);

/* The next value of 8, 16, 32 or 64 bits. */
uint8_t mz_read_u8(mz_reader *reader);
uint16_t mz_read_u16(mz_reader *reader);
uint32_t mz_read_u32(mz_reader *reader);

/* 32 bytes; points into the payload. NULL if fewer bytes are left. */
const uint8_t *mz_read_sha256(mz_reader *reader);

/* All bytes that are left; points into the payload. */
mz_span mz_read_rest(mz_reader *reader);

/* Writes a payload front to back. What does not fit is left out. */
typedef struct {
    uint8_t *bytes;
    uint32_t capacity;
    uint32_t count;
} mz_writer;

/* bytes needs no alignment and must not overlap what is written into it. */
mz_writer mz_writer_over(uint8_t *bytes, uint32_t capacity);

/* Append a value of 8, 16, 32 or 64 bits. */
void mz_write_u8(mz_writer *writer, uint8_t value);
void mz_write_u16(mz_writer *writer, uint16_t value);
void mz_write_u32(mz_writer *writer, uint32_t value);
void mz_write_u64(mz_writer *writer, uint64_t value);

/* Appends the span's bytes. */
void mz_write_rest(mz_writer *writer, mz_span span);

/* Appends the 32 bytes at digest, which needs no alignment. */
void mz_write_sha256(mz_writer *writer, const uint8_t *digest);

/* Appends a length byte and the characters of a zero-terminated text, at most MZ_MAX_TEXT_BYTES. */
void mz_write_text(mz_writer *writer, const char *text);

/* Appends a tensor's description as HELLO_REPLY has it. spec: aligned to 4. */
void mz_write_spec(mz_writer *writer, const mz_tensor_spec *spec);

#endif
