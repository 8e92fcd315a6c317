/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Shapes and windows that the parameter structs of the kernels share. All by value. */
#ifndef MZ_WINDOW_H
#define MZ_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* One image, stored [height][width][channels] (NHWC with N = 1). */
typedef struct {
    int32_t height, width, channels;
} mz_extent;

/* A filter or pooling window that slides over an image. All in pixels; the padding is what stands
 * above and to the left of the image, what the last window needs below and to the right is
 * implied. */
typedef struct {
    int32_t height, width;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
} mz_window;

/* The part of a window's extent along one axis that lies inside the image: taps first..end-1. */
typedef struct {
    int32_t first, end;
} mz_taps;

/* origin: where tap 0 is, in pixels from the image's first; may be negative. taps: of the window;
 * dilation: pixels from tap to tap; image: its extent. first == end where none lies inside. */
static inline mz_taps mz_taps_inside(int32_t origin, int32_t taps, int32_t dilation,
                                     int32_t image) {
    mz_taps inside = {0, taps};
    while (inside.first < taps && origin + inside.first * dilation < 0) {
        inside.first++;
    }
    while (inside.end > inside.first && origin + (inside.end - 1) * dilation >= image) {
        inside.end--;
    }
    return inside;
}

/* Whether all taps of the window lie inside. */
static inline bool mz_taps_whole(mz_taps inside, int32_t taps) {
    return inside.first == 0 && inside.end == taps;
}

#endif
