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

typedef struct {
    const uint8_t *bytes;
    uint32_t count;
    uint32_t tensors; /* where the vectors begin in the file */
    uint32_t operators;
    uint16_t op_count;
    mz_tensor_spec input; /* its name points into the file */
    mz_tensor_spec output;
} mz_tflite;

/* Reads the file, 16-byte aligned, and checks that every table, vector, text and index that TFLM
 * follows lies inside, that constants fill their shapes, and that the model is one graph of int8
 * with one input and one output. Whether the shapes of an operator's tensors go together is for its
 * kernel to see. Sixteen bytes behind the file must be readable: options are not told apart by size. */
mz_fb_fault mz_tflite_open(mz_tflite *model, const uint8_t *file, uint32_t bytes);

/* The first output of operator op < op_count: index of the tensor, and its size. */
uint16_t mz_tflite_op_output(const mz_tflite *model, uint16_t op, uint32_t *bytes);

#endif
