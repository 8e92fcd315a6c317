/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "runtime/tflm/mz_flatbuffer.h"

#include <stddef.h>

#define MAX_STEPS 0x2000000u /* takes some seconds; the largest networks need a hundredth of it */

void mz_fb_complain(mz_fb_reader *in, const char *text) {
    if (in->fault.text == NULL) {
        in->fault.text = text;
        in->fault.part = in->part;
        in->fault.index = in->index;
        in->fault.name = in->name;
    }
}

void mz_fb_reading(mz_fb_reader *in, const char *part, uint32_t index) {
    in->part = part;
    in->index = index;
    in->name = NULL;
}

bool mz_fb_sound(const mz_fb_reader *in) {
    return in->fault.text == NULL;
}

static uint32_t word(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* True if `bytes` bytes at `at` lie in the file, and `at` is a multiple of `alignment`. */
static bool inside(mz_fb_reader *in, uint32_t at, uint32_t bytes, uint32_t alignment) {
    if (++in->steps > MAX_STEPS) {
        mz_fb_complain(in, "has too much in it to be checked");
        return false;
    }
    if (at <= in->count && bytes <= in->count - at && at % alignment == 0u) {
        return true;
    }
    mz_fb_complain(in, "an offset leads out of the file or is not aligned");
    return false;
}

uint32_t mz_fb_u32(mz_fb_reader *in, uint32_t at) {
    return inside(in, at, 4u, 4u) ? word(in->bytes + at) : 0u;
}

static uint32_t read_u16(mz_fb_reader *in, uint32_t at) {
    if (!inside(in, at, 2u, 2u)) {
        return 0u;
    }
    return (uint32_t)in->bytes[at] | (uint32_t)in->bytes[at + 1u] << 8;
}

uint32_t mz_fb_follow(mz_fb_reader *in, uint32_t at) {
    const uint32_t offset = mz_fb_u32(in, at);
    if (!mz_fb_sound(in) || offset == 0u || offset > in->count - at) {
        mz_fb_complain(in, "an offset leads out of the file or is not aligned");
        return 0u;
    }
    return at + offset;
}

mz_fb_table mz_fb_open_table(mz_fb_reader *in, uint32_t at) {
    const mz_fb_table none = {0u, 0u, 0u, 0u};
    mz_fb_table found = {.at = at};
    found.vtable = at - mz_fb_u32(in, at); /* a signed distance; the subtraction wraps */
    found.vtable_bytes = read_u16(in, found.vtable);
    found.bytes = mz_fb_sound(in) ? read_u16(in, found.vtable + 2u) : 0u;
    /* If the size is odd, FlatBuffers and this reader would not agree about the last field. */
    if (!mz_fb_sound(in) || found.vtable_bytes < 4u || found.vtable_bytes % 2u != 0u ||
        found.bytes < 4u || !inside(in, found.vtable, found.vtable_bytes, 2u) ||
        !inside(in, found.at, found.bytes, 4u)) {
        mz_fb_complain(in, "a table is damaged");
        return none;
    }
    return found;
}

uint32_t mz_fb_find(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot, uint32_t bytes) {
    const uint32_t entry = 4u + 2u * slot;
    if (of->at == 0u || entry + 2u > of->vtable_bytes) {
        return 0u;
    }
    const uint32_t offset = read_u16(in, of->vtable + entry);
    if (offset == 0u) {
        return 0u;
    }
    if (offset < 4u || offset > of->bytes || bytes > of->bytes - offset) {
        mz_fb_complain(in, "a field lies outside its table");
        return 0u;
    }
    return of->at + offset;
}

uint32_t mz_fb_get_byte(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot) {
    const uint32_t at = mz_fb_find(in, of, slot, 1u);
    return at == 0u ? 0u : in->bytes[at];
}

uint32_t mz_fb_get_word(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot) {
    const uint32_t at = mz_fb_find(in, of, slot, 4u);
    return at == 0u ? 0u : mz_fb_u32(in, at);
}

mz_fb_table mz_fb_get_table(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot) {
    const mz_fb_table none = {0u, 0u, 0u, 0u};
    const uint32_t at = mz_fb_find(in, of, slot, 4u);
    const uint32_t to = at == 0u ? 0u : mz_fb_follow(in, at);
    return to == 0u ? none : mz_fb_open_table(in, to);
}

mz_fb_vector mz_fb_get_vector(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot,
                              uint32_t element_bytes) {
    const mz_fb_vector none = {0u, 0u};
    const uint32_t at = mz_fb_find(in, of, slot, 4u);
    const uint32_t to = at == 0u ? 0u : mz_fb_follow(in, at);
    if (to == 0u) {
        return none;
    }
    const mz_fb_vector found = {to + 4u, mz_fb_u32(in, to)};
    if (!mz_fb_sound(in) || found.count > (in->count - found.at) / element_bytes) {
        mz_fb_complain(in, "a vector leads out of the file");
        return none;
    }
    return found;
}

const char *mz_fb_get_text(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot) {
    const mz_fb_vector text = mz_fb_get_vector(in, of, slot, 1u);
    if (text.at == 0u) {
        return "";
    }
    if (!inside(in, text.at + text.count, 1u, 1u) || in->bytes[text.at + text.count] != 0u) {
        mz_fb_complain(in, "a text has no end");
        return "";
    }
    return (const char *)in->bytes + text.at;
}

mz_fb_table mz_fb_element(mz_fb_reader *in, mz_fb_vector parts, uint32_t index) {
    const mz_fb_table none = {0u, 0u, 0u, 0u};
    const uint32_t to = mz_fb_follow(in, parts.at + 4u * index);
    return to == 0u ? none : mz_fb_open_table(in, to);
}
