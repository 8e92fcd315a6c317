/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Checks a .tflite file that came over the link, since TFLite-Micro follows its offsets and indices
 * without checks, and reads what it says about the model.
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

/* Reads the file, 16-byte aligned, and checks that
 * - every table, vector, text and index that TFLM follows lies inside the file;
 * - constants have the size of their shapes;
 * - TFLM's kernels can take each operator (mz_tflite_ops.h);
 * - each tensor is written before it is read, in its own memory, and never over a constant
 *   (mz_tflite_flow.h);
 * - the model is one graph of int8 with one input and one output.
 * It refuses a file that takes too many steps. Sixteen bytes after the file must be readable, since
 * the sizes of options are not checked. scratch: mz_tflite_flow.h. arena_bytes: TFLM's arena. */
mz_fb_fault mz_tflite_open(mz_tflite *model, const uint8_t *file, uint32_t bytes,
                           mz_tflite_scratch scratch, uint32_t arena_bytes);

/* The first output of operator op < op_count: index of the tensor and its size. */
uint16_t mz_tflite_op_output(const mz_tflite *model, uint16_t op, uint32_t *bytes);

/* The name of operator op in TFLite's schema; "" after the last, or if no firmware has the
 * operator. */
const char *mz_tflite_name_of(const mz_tflite *model, uint32_t op);

#endif
