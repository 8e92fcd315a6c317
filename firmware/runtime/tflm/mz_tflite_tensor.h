/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* One tensor of a .tflite file, as far as TFLite-Micro's kernels look at it. */
#ifndef MZ_TFLITE_TENSOR_H
#define MZ_TFLITE_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/tflm/mz_flatbuffer.h"

#define MZ_TFLITE_MAX_RANK 6u /* what TFLM's RuntimeShape holds */
#define MZ_TFLITE_NO_TENSOR 0xffffffffu

enum { MZ_TFLITE_FLOAT32 = 0, MZ_TFLITE_INT32 = 2, MZ_TFLITE_UINT8 = 3, MZ_TFLITE_INT8 = 9 };

/* The graph's vectors, all of which have been checked to lie inside. */
typedef struct {
    mz_fb_vector buffers;
    mz_fb_vector codes;
    mz_fb_vector tensors;
    mz_fb_vector ops;
    mz_fb_vector inputs;
    mz_fb_vector outputs;
    mz_fb_vector plan; /* the memory plan's offsets, one per tensor; none without a plan */
} mz_tflite_graph;

typedef struct {
    uint32_t type;
    uint32_t rank;
    uint32_t dims[MZ_TFLITE_MAX_RANK];
    uint32_t elements;
    uint32_t bytes;
    uint32_t data; /* where its constants are in the file; 0: computed at run time */
    bool variable;
    mz_fb_vector scales;
    mz_fb_vector zero_points; /* int64 each */
    uint32_t axis;            /* of the scales, when there are several */
} mz_tflite_tensor;

/* The tensor of that index. It complains of an index, a shape, or a number of dimensions that cannot
 * be, or of data that does not fill the shape. */
mz_tflite_tensor mz_tflite_look(mz_fb_reader *in, const mz_tflite_graph *graph, uint32_t index);

/* The number that the bits at `at` mean. */
float mz_tflite_float(mz_fb_reader *in, uint32_t at);

#endif
