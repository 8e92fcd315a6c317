/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* One tensor of a .tflite file: the parts that TFLite-Micro's kernels read. */
#ifndef MZ_TFLITE_TENSOR_H
#define MZ_TFLITE_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/tflm/mz_flatbuffer.h"

#define MZ_TFLITE_MAX_RANK 6u /* the limit of TFLM's RuntimeShape */
#define MZ_TFLITE_NO_TENSOR 0xffffffffu

enum { MZ_TFLITE_FLOAT32 = 0, MZ_TFLITE_INT32 = 2, MZ_TFLITE_UINT8 = 3, MZ_TFLITE_INT8 = 9 };

/* The graph's vectors; all of them lie inside the file. */
typedef struct {
    mz_fb_vector buffers;
    mz_fb_vector codes;
    mz_fb_vector tensors;
    mz_fb_vector ops;
    mz_fb_vector inputs;
    mz_fb_vector outputs;
    mz_fb_vector plan; /* the memory plan's offsets, one per tensor; empty without a plan */
} mz_tflite_graph;

typedef struct {
    uint32_t type;
    uint32_t rank;
    uint32_t dims[MZ_TFLITE_MAX_RANK];
    uint32_t elements;
    uint32_t bytes;
    uint32_t data; /* place of its constants in the file; 0: computed at run time */
    bool variable;
    mz_fb_vector scales;
    mz_fb_vector zero_points; /* int64 each */
    uint32_t axis;            /* of the scales, when there are several */
} mz_tflite_tensor;

/* The tensor of that index. Reports a fault if the index, the shape or the number of dimensions is
 * impossible, or if the data does not have the size of the shape. */
mz_tflite_tensor mz_tflite_look(mz_fb_reader *in, const mz_tflite_graph *graph, uint32_t index);

/* The float whose bits are at `at`. */
float mz_tflite_float(mz_fb_reader *in, uint32_t at);

#endif
