/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Decodes int8 tensors that arrive encoded: each value is predicted from its neighbours, and the
 * difference is coded by rANS with frequencies that follow the image. docs/codec.md is the
 * specification; mcuzoo/link/codec.py encodes. */
#ifndef MZ_CODEC_H
#define MZ_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_wire.h"

#define MZ_CODEC_CONTEXTS 8u
#define MZ_CODEC_TOKENS 15u
#define MZ_CODEC_LANES 16u
#define MZ_CODEC_CHANNELS 4u

/* By channel as in memory, with 128 added. */
typedef struct {
    uint8_t of[MZ_CODEC_CHANNELS];
} mz_codec_pixel;

/* A tensor on its way. */
typedef struct {
    uint16_t weights[MZ_CODEC_CONTEXTS][MZ_CODEC_TOKENS]; /* how often each token came */
    uint16_t last[MZ_CODEC_CONTEXTS][MZ_CODEC_TOKENS];    /* the last slot of each token */
    uint32_t lanes[MZ_CODEC_LANES];
    uint32_t bytes;   /* of the tensor */
    uint32_t decoded; /* of them */
    uint32_t row;     /* bytes of a row */
    uint32_t column;  /* in the present row, of the pixel's first byte */
    uint8_t header[4];
    uint8_t header_count;
    uint8_t channels, first, lane_mask;
    uint8_t channel; /* in the order of coding */
    uint8_t half;    /* the first byte of a word */
    bool half_there, apart, prepared, failed;
    uint8_t previous; /* |difference| of the value before this one in its pixel */
    mz_codec_pixel pixel;                        /* the present one */
    mz_codec_pixel west, north, northwest, northeast; /* those around it */
    mz_codec_pixel differences;                  /* |difference| of the pixel before */
} mz_codec;

/* Begins a tensor of `bytes` bytes, at least 1. codec belongs to the caller. */
void mz_codec_begin(mz_codec *codec, uint32_t bytes);

/* Decodes as much as the bytes allow, in pieces of any size. tensor: the same at each call, without
 * alignment, `bytes` of mz_codec_begin long, must not overlap `from`. What is decoded is not changed
 * again, and must not be changed until the last call. Bytes that cannot be decoded change nothing
 * outside the tensor. */
void mz_codec_take(mz_codec *codec, mz_span from, int8_t *tensor);

/* True if the tensor is complete and the stream has ended as an encoder ends it. */
bool mz_codec_is_complete(const mz_codec *codec);

#endif
