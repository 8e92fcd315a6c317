/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "link/mz_codec.h"

#include <stddef.h>

#define TOTAL 65536u         /* slots of a context; also the least state of a lane */
#define ENDED (TOTAL - 1u)   /* the state of a lane after its last value */
#define LEAST 257u           /* the sum of the least shares, 1 << extra[], of all tokens */
#define BLOCK 256u           /* values between two adaptations */
#define COUNT 4u             /* what one value adds to its token's weight */
#define MOST 4096u           /* a context whose weights sum up to more is halved */
#define HEADER 4u
#define CHANNEL_BITS 0x07u
#define FIRST_SHIFT 3u
#define FIRST_BITS 0x03u
#define APART 0x20u
#define KNOWN_BITS 0x3fu

/* Token t stands for the magnitudes from low[t] on; extra[t] bits say which one, and its sign. */
static const uint8_t low[MZ_CODEC_TOKENS] = {0, 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97};
static const uint8_t extra[MZ_CODEC_TOKENS] = {0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6};

/* The weights before the first value. */
static const uint8_t start[MZ_CODEC_CONTEXTS][MZ_CODEC_TOKENS] = {
    {241, 11, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {159, 72, 14, 6, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {103, 103, 30, 11, 4, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
    {65, 99, 49, 22, 10, 7, 2, 1, 1, 1, 1, 1, 1, 1, 1},
    {40, 71, 54, 35, 21, 20, 8, 5, 1, 1, 1, 1, 1, 1, 1},
    {22, 41, 38, 34, 28, 39, 22, 19, 7, 4, 1, 1, 1, 1, 1},
    {11, 21, 21, 20, 19, 35, 29, 41, 24, 21, 7, 4, 1, 1, 1},
    {5, 10, 10, 9, 9, 18, 18, 32, 28, 41, 26, 27, 12, 9, 3},
};

static int32_t magnitude(int32_t value) {
    return value < 0 ? -value : value;
}

static int32_t clip(int32_t value, int32_t low_end, int32_t high_end) {
    return value < low_end ? low_end : value > high_end ? high_end : value;
}

/* Shares out the slots of a context by its weights; the first token gets what is left over. */
static void share_out(mz_codec *codec, uint32_t context) {
    uint16_t *const weights = codec->weights[context];
    uint32_t sum = 0u;
    for (uint32_t t = 0u; t < MZ_CODEC_TOKENS; t++) {
        sum += weights[t];
    }
    uint32_t last = TOTAL - 1u;
    for (uint32_t t = MZ_CODEC_TOKENS - 1u; t > 0u; t--) {
        const uint32_t steps = (weights[t] * (TOTAL - LEAST) / sum) >> extra[t];
        codec->last[context][t] = (uint16_t)last;
        last -= (steps > 0u ? steps : 1u) << extra[t];
    }
    codec->last[context][0] = (uint16_t)last;
}

static void adapt(mz_codec *codec) {
    for (uint32_t context = 0u; context < MZ_CODEC_CONTEXTS; context++) {
        uint16_t *const weights = codec->weights[context];
        uint32_t sum = 0u;
        for (uint32_t t = 0u; t < MZ_CODEC_TOKENS; t++) {
            sum += weights[t];
        }
        for (uint32_t t = 0u; sum > MOST && t < MZ_CODEC_TOKENS; t++) {
            weights[t] = (uint16_t)((weights[t] + 1u) / 2u);
        }
        share_out(codec, context);
    }
}

void mz_codec_begin(mz_codec *codec, uint32_t bytes) {
    *codec = (mz_codec){.bytes = bytes};
    for (uint32_t context = 0u; context < MZ_CODEC_CONTEXTS; context++) {
        for (uint32_t t = 0u; t < MZ_CODEC_TOKENS; t++) {
            codec->weights[context][t] = start[context][t];
        }
        share_out(codec, context);
    }
}

/* The header is complete: false if it does not fit the tensor. */
static bool read_header(mz_codec *codec) {
    const uint8_t *const header = codec->header;
    codec->row = header[0] | (uint32_t)header[1] << 8;
    codec->channels = header[2] & CHANNEL_BITS;
    codec->first = (header[2] >> FIRST_SHIFT) & FIRST_BITS;
    codec->apart = (header[2] & APART) != 0u;
    codec->lane_mask = (uint8_t)((1u << (header[3] & 7u)) - 1u);
    return (header[2] & ~KNOWN_BITS) == 0u && header[3] < 8u && codec->lane_mask < MZ_CODEC_LANES &&
           codec->channels > 0u && codec->channels <= MZ_CODEC_CHANNELS &&
           codec->first < codec->channels && codec->row > 0u &&
           codec->row % codec->channels == 0u && codec->bytes % codec->row == 0u;
}

static mz_codec_pixel read_pixel(const mz_codec *codec, const int8_t *at) {
    mz_codec_pixel pixel = {{0u}};
    for (uint32_t c = 0u; c < MZ_CODEC_CHANNELS && c < codec->channels; c++) {
        pixel.of[c] = (uint8_t)at[c] ^ 0x80u;
    }
    return pixel;
}

/* The pixels around the next one. `at`: its place in the tensor. What lies outside the tensor is
 * taken from the nearest pixel inside. */
static void prepare(mz_codec *codec, const int8_t *at) {
    codec->prepared = true;
    if (codec->column == 0u) {
        codec->differences = (mz_codec_pixel){{0u}};
    }
    if (codec->decoded < codec->row) {
        codec->north = codec->northwest = codec->northeast = codec->west;
        return;
    }
    const int8_t *const above = at - codec->row;
    if (codec->column == 0u) {
        codec->north = codec->west = codec->northwest = read_pixel(codec, above);
    } else {
        codec->northwest = codec->north;
        codec->north = codec->northeast;
    }
    codec->northeast = codec->column + codec->channels == codec->row
                           ? codec->north
                           : read_pixel(codec, above + codec->channels);
}

typedef struct {
    int32_t value; /* with 128 added */
    uint32_t context;
} prediction;

/* Of channel c of the present pixel, from what is decoded. */
static prediction predict(const mz_codec *codec, uint32_t c) {
    int32_t w = codec->west.of[c], n = codec->north.of[c];
    int32_t nw = codec->northwest.of[c], ne = codec->northeast.of[c];
    int32_t base = 0;
    if (codec->channel > 0u && !codec->apart) {
        const uint32_t first = codec->first;
        w -= codec->west.of[first];
        n -= codec->north.of[first];
        nw -= codec->northwest.of[first];
        ne -= codec->northeast.of[first];
        base = codec->pixel.of[first];
    }
    const int32_t median = w < n ? clip(w + n - nw, w, n) : clip(w + n - nw, n, w);
    const int32_t sum = 4 * median + 2 * w + n + ne + 4;
    const int32_t slope = magnitude(w - nw) + magnitude(n - nw) + magnitude(ne - n);
    const int32_t before = codec->differences.of[c];
    const int32_t activity = codec->channel == 0u ? 2 * slope + 3 * before
                             : codec->channel == 1u
                                 ? 2 * (slope + before)
                                 : (3 * slope + 4 * (before + codec->previous)) / 2;
    const uint32_t log2 = 31u - (uint32_t)__builtin_clz((uint32_t)activity | 1u);
    return (prediction){
        .value = clip((sum >> 3) + base, 0, 255),
        .context = log2 < MZ_CODEC_CONTEXTS ? log2 : MZ_CODEC_CONTEXTS - 1u,
    };
}

/* Brings a lane to at least TOTAL; false if bytes are missing for that. */
static bool refill(mz_codec *codec, uint32_t *lane, mz_span *from) {
    while (*lane < TOTAL) {
        if (from->count == 0u) {
            return false;
        }
        const uint8_t byte = *from->bytes++;
        from->count--;
        if (codec->half_there) {
            *lane = *lane << 16 | (uint32_t)byte << 8 | codec->half;
        }
        codec->half = byte;
        codec->half_there = !codec->half_there;
    }
    return true;
}

/* Takes the next difference, -128 to 128, from a lane. */
static int32_t take_difference(mz_codec *codec, uint32_t *lane, uint32_t context) {
    const uint16_t *const last = codec->last[context];
    const uint32_t slot = *lane & (TOTAL - 1u);
    uint32_t t = 0u;
    while (slot > last[t]) {
        t++;
    }
    const uint32_t begin = t == 0u ? 0u : last[t - 1u] + 1u;
    const uint32_t share = (last[t] + 1u - begin) >> extra[t];
    const uint32_t which = (slot - begin) / share;
    *lane = share * (*lane >> 16) + (slot - begin) - which * share;
    codec->weights[context][t] = (uint16_t)(codec->weights[context][t] + COUNT);
    if (t == 0u) {
        return 0;
    }
    const int32_t size = low[t] + (int32_t)(which >> 1);
    return which % 2u != 0u ? -size : size;
}

/* The place in its pixel of the channel that is coded as number `channel`. */
static uint32_t place(const mz_codec *codec) {
    const uint32_t channel = codec->channel;
    return channel == 0u ? codec->first : channel <= codec->first ? channel - 1u : channel;
}

static void advance(mz_codec *codec) {
    codec->decoded++;
    if (codec->decoded % BLOCK == 0u) {
        adapt(codec);
    }
    codec->channel++;
    if (codec->channel == codec->channels) {
        codec->channel = 0u;
        codec->prepared = false;
        codec->west = codec->pixel;
        codec->column += codec->channels;
        codec->column = codec->column == codec->row ? 0u : codec->column;
    }
}

void mz_codec_take(mz_codec *codec, mz_span from, int8_t *tensor) {
    while (codec->header_count < HEADER && from.count > 0u) {
        codec->header[codec->header_count++] = *from.bytes++;
        from.count--;
        codec->failed = codec->header_count == HEADER && !read_header(codec);
    }
    if (codec->header_count < HEADER || codec->failed) {
        return;
    }
    while (codec->decoded < codec->bytes) {
        uint32_t *const lane = &codec->lanes[codec->decoded & codec->lane_mask];
        if (!refill(codec, lane, &from)) {
            return;
        }
        int8_t *const at = tensor + codec->decoded - codec->channel;
        if (!codec->prepared) {
            prepare(codec, at);
        }
        const uint32_t c = place(codec);
        const prediction expected = predict(codec, c);
        const int32_t difference = take_difference(codec, lane, expected.context);
        const uint8_t value = (uint8_t)(expected.value + difference);
        at[c] = (int8_t)(value ^ 0x80u);
        codec->pixel.of[c] = value;
        codec->previous = codec->differences.of[c] = (uint8_t)magnitude(difference);
        advance(codec);
    }
    codec->failed = codec->failed || from.count > 0u;
}

bool mz_codec_is_complete(const mz_codec *codec) {
    bool complete = codec->header_count == HEADER && !codec->failed && !codec->half_there &&
                    codec->decoded == codec->bytes;
    for (uint32_t i = 0u; i <= codec->lane_mask; i++) {
        complete = complete && codec->lanes[i] == (i < codec->bytes ? ENDED : 0u);
    }
    return complete;
}
