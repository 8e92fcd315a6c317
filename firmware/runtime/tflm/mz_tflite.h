/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* A .tflite file that came over the link: is it safe to hand to TFLite-Micro, which follows its
 * offsets and indices without a look, and what does it say of the model?
 *
 * Layout: FlatBuffers; slots of tables as in TFLite's schema.fbs, version 3. */
#ifndef MZ_TFLITE_H
#define MZ_TFLITE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/mz_runtime.h"
#include "runtime/tflm/mz_flatbuffer.h"
#include "runtime/tflm/mz_tflite_flow.h"
#include "runtime/tflm/mz_tflite_tensor.h"

typedef struct {
    const uint8_t *bytes;
    uint32_t count;
    mz_tflite_graph graph;
    uint16_t op_count;
    mz_tensor_spec input; /* its name points into the file */
    mz_tensor_spec output;
} mz_tflite;

/* Reads the file, 16-byte aligned, and checks that every table, vector, text and index that TFLM
 * follows lies inside; that constants fill their shapes; that each operator is one that TFLM's kernels
 * can take (mz_tflite_ops.h); that values come to be in order, in memory of their own, and never over
 * a constant (mz_tflite_flow.h); and that the model is one graph of int8 with one input and one output.
 * Bounded: a file that takes too many steps is refused. Sixteen bytes behind the file must be readable:
 * options are not told apart by size. scratch: see mz_tflite_flow.h; arena_bytes: TFLM's. */
mz_fb_fault mz_tflite_open(mz_tflite *model, const uint8_t *file, uint32_t bytes,
                           mz_tflite_scratch scratch, uint32_t arena_bytes);

/* The first output of operator op < op_count: index of the tensor, and its size. */
uint16_t mz_tflite_op_output(const mz_tflite *model, uint16_t op, uint32_t *bytes);

/* The name of operator op as TFLite's schema has it; "" beyond the last, or when no firmware has it. */
const char *mz_tflite_name_of(const mz_tflite *model, uint32_t op);

#endif
