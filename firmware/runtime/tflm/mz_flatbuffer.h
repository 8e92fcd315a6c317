/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Reads a FlatBuffer that nobody has verified: nothing outside the file is touched, and the first
 * thing that is wrong is kept. After that, reads give zeros and what is not there. */
#ifndef MZ_FLATBUFFER_H
#define MZ_FLATBUFFER_H

#include <stdbool.h>
#include <stdint.h>

/* What is wrong, and with which part; text NULL when nothing is, part NULL for the file itself. */
typedef struct {
    const char *text;
    const char *part; /* "tensor", "op", ... */
    uint32_t index;
    const char *name; /* an operator's, else NULL or "" */
} mz_fb_fault;

/* Begin with the file, 4-byte aligned, and zeros. */
typedef struct {
    const uint8_t *bytes;
    uint32_t count;
    mz_fb_fault fault;
    const char *part; /* what is being read */
    uint32_t index;
    const char *name;
    uint32_t steps; /* reads so far: bounded, since a file may refer to its parts over and over */
} mz_fb_reader;

/* `at` is 0 for a table that is not there: it has no fields. */
typedef struct {
    uint32_t at;
    uint32_t bytes;
    uint32_t vtable;
    uint32_t vtable_bytes;
} mz_fb_table;

/* `at` is where the first element is, in the file; 0, with no elements, when there is no vector. */
typedef struct {
    uint32_t at;
    uint32_t count;
} mz_fb_vector;

/* What is being read from here on, should it be wrong. */
void mz_fb_reading(mz_fb_reader *in, const char *part, uint32_t index);
void mz_fb_complain(mz_fb_reader *in, const char *text);
bool mz_fb_sound(const mz_fb_reader *in);

/* The word at `at`, a multiple of 4. */
uint32_t mz_fb_u32(mz_fb_reader *in, uint32_t at);

/* Where the offset that is stored at `at` leads. */
uint32_t mz_fb_follow(mz_fb_reader *in, uint32_t at);

mz_fb_table mz_fb_open_table(mz_fb_reader *in, uint32_t at);

/* The table that element `index` of a vector of tables leads to. */
mz_fb_table mz_fb_element(mz_fb_reader *in, mz_fb_vector tables, uint32_t index);

/* Where the field in `slot` is, of `bytes` bytes; 0 when the table has not got it. */
uint32_t mz_fb_find(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot, uint32_t bytes);

/* Its value; 0, no table, no vector or "" when the table has not got it. A text ends in a NUL. */
uint32_t mz_fb_get_byte(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot);
uint32_t mz_fb_get_word(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot);
mz_fb_table mz_fb_get_table(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot);
mz_fb_vector mz_fb_get_vector(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot,
                              uint32_t element_bytes);
const char *mz_fb_get_text(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot);

#endif
