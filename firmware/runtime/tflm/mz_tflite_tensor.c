/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "runtime/tflm/mz_tflite_tensor.h"

#include "runtime/tflm/mz_tflite_slots.h"

#define MAX_BYTES 0x40000000u

/* Reads the shape; reports a fault if it is impossible. */
static void read_shape(mz_fb_reader *in, mz_tflite_tensor *tensor, mz_fb_vector shape) {
    tensor->rank = shape.count;
    tensor->elements = 1u;
    if (shape.count > MZ_TFLITE_MAX_RANK) {
        mz_fb_complain(in, "has more than 6 dimensions");
        return;
    }
    const uint32_t each = tensor->type == MZ_TFLITE_INT8 ? 1u : 4u;
    for (uint32_t i = 0u; i < shape.count; i++) {
        const uint32_t size = mz_fb_u32(in, shape.at + 4u * i);
        if (size > MAX_BYTES || (size != 0u && tensor->elements > MAX_BYTES / each / size)) {
            mz_fb_complain(in, "has an impossible shape");
            tensor->elements = 0u;
            return;
        }
        tensor->dims[i] = size;
        tensor->elements *= size;
    }
    tensor->bytes = tensor->elements * each;
}

mz_tflite_tensor mz_tflite_look(mz_fb_reader *in, const mz_tflite_graph *graph, uint32_t index) {
    mz_tflite_tensor tensor = {.type = MZ_TFLITE_FLOAT32};
    if (index >= graph->tensors.count) {
        mz_fb_complain(in, "names a tensor that is not there");
        return tensor;
    }
    const mz_fb_table table = mz_fb_element(in, graph->tensors, index);
    tensor.type = mz_fb_get_byte(in, &table, TENSOR_TYPE);
    read_shape(in, &tensor, mz_fb_get_vector(in, &table, TENSOR_SHAPE, 4u));
    const uint32_t buffer = mz_fb_get_word(in, &table, TENSOR_BUFFER);
    if (buffer >= graph->buffers.count) {
        mz_fb_complain(in, "refers to a buffer that is not there");
        return tensor;
    }
    const mz_fb_table home = mz_fb_element(in, graph->buffers, buffer);
    const mz_fb_vector data = mz_fb_get_vector(in, &home, BUFFER_DATA, 1u);
    if (data.count != 0u && (data.count != tensor.bytes || data.at % 4u != 0u)) {
        mz_fb_complain(in, "has constants that are not aligned or do not fill its shape");
    }
    tensor.data = data.count != 0u ? data.at : 0u;
    tensor.variable = mz_fb_get_byte(in, &table, TENSOR_IS_VARIABLE) != 0u;
    const mz_fb_table quantization = mz_fb_get_table(in, &table, TENSOR_QUANTIZATION);
    tensor.scales = mz_fb_get_vector(in, &quantization, QUANTIZATION_SCALE, 4u);
    tensor.zero_points = mz_fb_get_vector(in, &quantization, QUANTIZATION_ZERO_POINT, 8u);
    tensor.axis = mz_fb_get_word(in, &quantization, QUANTIZATION_DIMENSION);
    return tensor;
}

float mz_tflite_float(mz_fb_reader *in, uint32_t at) {
    /* In C11, a union may be used to read bits as a float. */
    const union {
        uint32_t bits;
        float value;
    } number = {mz_fb_u32(in, at)};
    return number.value;
}
