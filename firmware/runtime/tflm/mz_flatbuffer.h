/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Reads a FlatBuffer that was not verified. It never reads outside the file, and keeps the first
 * fault that it finds. After a fault, all reads return zeros, and tables and vectors that are
 * absent. */
#ifndef MZ_FLATBUFFER_H
#define MZ_FLATBUFFER_H

#include <stdbool.h>
#include <stdint.h>

/* What is wrong, and with which part. text is NULL if there is no fault; part is NULL for the
 * file. */
typedef struct {
    const char *text;
    const char *part; /* "tensor", "op", ... */
    uint32_t index;
    const char *name; /* the operator's name; NULL or "" for other parts */
} mz_fb_fault;

/* At the start, bytes (4-byte aligned) and count are the file; all other fields are zero. */
typedef struct {
    const uint8_t *bytes;
    uint32_t count;
    mz_fb_fault fault;
    const char *part; /* what is being read */
    uint32_t index;
    const char *name;
    uint32_t steps; /* reads so far; limited, since a file may refer to a part many times */
} mz_fb_reader;

/* `at` is 0 for an absent table, which has no fields. */
typedef struct {
    uint32_t at;
    uint32_t bytes;
    uint32_t vtable;
    uint32_t vtable_bytes;
} mz_fb_table;

/* `at` is the offset of the first element in the file. For an absent vector, at and count are 0. */
typedef struct {
    uint32_t at;
    uint32_t count;
} mz_fb_vector;

/* Names the part that is read from here on; a fault then belongs to this part. */
void mz_fb_reading(mz_fb_reader *in, const char *part, uint32_t index);
void mz_fb_complain(mz_fb_reader *in, const char *text);
bool mz_fb_sound(const mz_fb_reader *in);

/* The word at `at`, a multiple of 4. */
uint32_t mz_fb_u32(mz_fb_reader *in, uint32_t at);

/* The target of the offset that is stored at `at`. */
uint32_t mz_fb_follow(mz_fb_reader *in, uint32_t at);

mz_fb_table mz_fb_open_table(mz_fb_reader *in, uint32_t at);

/* The table at element `index` of a vector of tables. */
mz_fb_table mz_fb_element(mz_fb_reader *in, mz_fb_vector tables, uint32_t index);

/* The place of the field in `slot`, which has `bytes` bytes; 0 if the table does not have the
 * field. */
uint32_t mz_fb_find(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot, uint32_t bytes);

/* The value of a field. If the table does not have the field: 0, an absent table or vector, or "".
 * A text ends in a NUL. */
uint32_t mz_fb_get_byte(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot);
uint32_t mz_fb_get_word(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot);
mz_fb_table mz_fb_get_table(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot);
mz_fb_vector mz_fb_get_vector(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot,
                              uint32_t element_bytes);
const char *mz_fb_get_text(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot);

#endif
