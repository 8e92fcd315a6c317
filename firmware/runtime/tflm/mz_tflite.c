/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "runtime/tflm/mz_tflite.h"

#include <stddef.h>

#include "runtime/tflm/mz_tflite_flow.h"
#include "runtime/tflm/mz_tflite_ops.h"
#include "runtime/tflm/mz_tflite_slots.h"
#include "runtime/tflm/mz_tflite_tensor.h"

#define SCHEMA_VERSION 3u
#define MAX_OPERANDS 16u
#define MAX_PARTS 16384u /* of one kind; far more than a network for a microcontroller has */
#define MAX_BYTES 0x40000000u

/* BuiltinOptions whose first field is a vector of int32; other options that TFLM reads are
 * scalars. */
enum { OPTIONS_RESHAPE = 17, OPTIONS_SQUEEZE = 30 };

static mz_fb_vector get_parts(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot) {
    const mz_fb_vector parts = mz_fb_get_vector(in, of, slot, 4u);
    if (parts.count > MAX_PARTS) {
        mz_fb_complain(in, "too many parts for a network that fits here");
    }
    return parts;
}

static void check_type(mz_fb_reader *in, uint32_t type) {
    if (type == MZ_TFLITE_UINT8) {
        mz_fb_complain(in, "is uint8, which TFLite-Micro dropped: mcuzoo convert makes it int8");
    } else if (type == MZ_TFLITE_FLOAT32) {
        mz_fb_complain(in, "is float32: the model must be quantized to int8");
    } else if (type != MZ_TFLITE_INT8 && type != MZ_TFLITE_INT32) {
        mz_fb_complain(in, "is neither int8 nor int32");
    }
}

static void check_quantization(mz_fb_reader *in, const mz_fb_table *tensor) {
    const mz_fb_table quantization = mz_fb_get_table(in, tensor, TENSOR_QUANTIZATION);
    const mz_fb_vector scales = mz_fb_get_vector(in, &quantization, QUANTIZATION_SCALE, 4u);
    const mz_fb_vector zeros = mz_fb_get_vector(in, &quantization, QUANTIZATION_ZERO_POINT, 8u);
    if (mz_fb_get_byte(in, &quantization, QUANTIZATION_DETAILS_TYPE) != 0u) {
        mz_fb_complain(in, "is quantized otherwise than by scale and zero point");
    }
    (void)mz_fb_get_word(in, &quantization, QUANTIZATION_DIMENSION);
    if (scales.at % 4u != 0u || zeros.at % 4u != 0u) {
        mz_fb_complain(in, "has scales that are not aligned");
    }
}

static void check_tensor(mz_fb_reader *in, const mz_tflite_graph *graph, uint32_t index) {
    const mz_fb_table tensor = mz_fb_element(in, graph->tensors, index);
    check_type(in, mz_fb_get_byte(in, &tensor, TENSOR_TYPE));
    check_quantization(in, &tensor);
    (void)mz_fb_get_text(in, &tensor, TENSOR_NAME);
    if (mz_fb_find(in, &tensor, TENSOR_SPARSITY, 4u) != 0u) {
        mz_fb_complain(in, "is sparse");
    }
    (void)mz_tflite_look(in, graph, index);
}

static void check_indices(mz_fb_reader *in, mz_fb_vector indices, uint32_t limit, bool optional) {
    if (indices.count == 0u || indices.count > MAX_OPERANDS) {
        mz_fb_complain(in, "has no operands, or too many");
    }
    for (uint32_t i = 0u; i < indices.count && mz_fb_sound(in); i++) {
        const uint32_t index = mz_fb_u32(in, indices.at + 4u * i);
        if (index >= limit && !(optional && index == MZ_TFLITE_NO_TENSOR)) {
            mz_fb_complain(in, "names a tensor that is not there");
        }
    }
}

/* Every field of the options must begin inside the file; a scalar has at most 4 bytes. */
static void check_options(mz_fb_reader *in, const mz_fb_table *op) {
    const uint32_t kind = mz_fb_get_byte(in, op, OP_OPTIONS_TYPE);
    const mz_fb_table options = mz_fb_get_table(in, op, OP_OPTIONS);
    for (uint32_t slot = 0u; mz_fb_sound(in) && 4u + 2u * slot + 2u <= options.vtable_bytes;
         slot++) {
        (void)mz_fb_find(in, &options, slot, 1u);
    }
    if (kind == OPTIONS_RESHAPE || kind == OPTIONS_SQUEEZE) {
        (void)mz_fb_get_vector(in, &options, 0u, 4u);
    }
    (void)mz_fb_get_vector(in, op, OP_CUSTOM_OPTIONS, 1u);
}

static void check_op(mz_fb_reader *in, const mz_tflite_graph *graph, uint32_t index) {
    const mz_fb_table op = mz_fb_element(in, graph->ops, index);
    if (mz_fb_get_word(in, &op, OP_CODE) >= graph->codes.count) {
        mz_fb_complain(in, "names an operator code that is not there");
        return;
    }
    in->name = mz_tflite_op_name(mz_tflite_op_code(in, graph, &op));
    check_indices(in, mz_fb_get_vector(in, &op, OP_INPUTS, 4u), graph->tensors.count, true);
    check_indices(in, mz_fb_get_vector(in, &op, OP_OUTPUTS, 4u), graph->tensors.count, false);
    check_options(in, &op);
    if (mz_fb_get_vector(in, &op, OP_INTERMEDIATES, 4u).count != 0u) {
        mz_fb_complain(in, "has intermediate tensors");
    }
    if (mz_fb_sound(in)) {
        mz_tflite_check_op(in, graph, &op);
    }
}

/* Reads the tensor of the one index in `ends`: the input or the output of the model. */
static void read_end(mz_fb_reader *in, mz_tensor_spec *spec, mz_fb_vector ends,
                     const mz_tflite_graph *graph) {
    mz_fb_reading(in, NULL, 0u);
    if (!mz_fb_sound(in) || ends.count != 1u) {
        mz_fb_complain(in, "the model must have one input and one output");
        return;
    }
    const uint32_t index = mz_fb_u32(in, ends.at);
    mz_fb_reading(in, "tensor", index);
    const mz_tflite_tensor tensor = mz_tflite_look(in, graph, index);
    if (mz_fb_sound(in) &&
        (tensor.type != MZ_TFLITE_INT8 || tensor.scales.count != 1u ||
         tensor.zero_points.count != 1u || tensor.rank > MZ_MAX_RANK || tensor.bytes == 0u)) {
        mz_fb_complain(in, "is an end of the model and empty, or not int8 with one scale and at "
                           "most 4 dimensions");
    }
    if (!mz_fb_sound(in)) {
        return;
    }
    const mz_fb_table table = mz_fb_element(in, graph->tensors, index);
    spec->name = mz_fb_get_text(in, &table, TENSOR_NAME);
    spec->dtype = MZ_INT8;
    spec->rank = (uint8_t)tensor.rank;
    for (uint32_t i = 0u; i < tensor.rank; i++) {
        if (tensor.dims[i] > 0xffffu) {
            mz_fb_complain(in, "is an end of the model and too large");
        }
        spec->dims[i] = (uint16_t)tensor.dims[i];
    }
    spec->scale = mz_tflite_float(in, tensor.scales.at);
    spec->zero_point = (int32_t)mz_fb_u32(in, tensor.zero_points.at);
    spec->bytes = tensor.bytes;
}

static void check_metadata(mz_fb_reader *in, const mz_fb_table *root, mz_fb_vector buffers) {
    const mz_fb_vector entries = get_parts(in, root, MODEL_METADATA);
    for (uint32_t i = 0u; i < entries.count && mz_fb_sound(in); i++) {
        mz_fb_reading(in, "metadata", i);
        const mz_fb_table entry = mz_fb_element(in, entries, i);
        if (mz_fb_get_text(in, &entry, METADATA_NAME)[0] == '\0' ||
            mz_fb_get_word(in, &entry, METADATA_BUFFER) >= buffers.count) {
            mz_fb_complain(in, "has no name or no buffer");
            return;
        }
        /* The metadata that TFLM reads, such as mcuzoo's memory plan, is int32. */
        const mz_fb_table home =
            mz_fb_element(in, buffers, mz_fb_get_word(in, &entry, METADATA_BUFFER));
        const mz_fb_vector data = mz_fb_get_vector(in, &home, BUFFER_DATA, 1u);
        if (data.at % 4u != 0u) {
            mz_fb_complain(in, "is not aligned");
        }
    }
}

static bool same_text(const char *one, const char *other) {
    while (*one != '\0' && *one == *other) {
        one++;
        other++;
    }
    return *one == *other;
}

/* The offsets of the memory plan. A plan is: version, graph, count, one offset per tensor. TFLM
 * does not check the count. If there are several plans, it takes the last. */
static mz_fb_vector read_plan(mz_fb_reader *in, const mz_fb_table *root,
                              const mz_tflite_graph *graph) {
    const mz_fb_vector entries = get_parts(in, root, MODEL_METADATA);
    mz_fb_vector plan = {0u, 0u};
    for (uint32_t i = 0u; i < entries.count && mz_fb_sound(in); i++) {
        mz_fb_reading(in, "metadata", i);
        const mz_fb_table entry = mz_fb_element(in, entries, i);
        if (!same_text(mz_fb_get_text(in, &entry, METADATA_NAME), "OfflineMemoryAllocation")) {
            continue;
        }
        const mz_fb_table home =
            mz_fb_element(in, graph->buffers, mz_fb_get_word(in, &entry, METADATA_BUFFER));
        const mz_fb_vector data = mz_fb_get_vector(in, &home, BUFFER_DATA, 1u);
        if (data.count < 12u || mz_fb_u32(in, data.at + 8u) != graph->tensors.count ||
            (data.count - 12u) / 4u < graph->tensors.count) {
            mz_fb_complain(in, "is a memory plan of another number of tensors");
        }
        plan.at = data.at + 12u;
        plan.count = graph->tensors.count;
    }
    return plan;
}

static void check_buffers(mz_fb_reader *in, mz_fb_vector buffers) {
    for (uint32_t i = 0u; i < buffers.count && mz_fb_sound(in); i++) {
        mz_fb_reading(in, "buffer", i);
        const mz_fb_table buffer = mz_fb_element(in, buffers, i);
        (void)mz_fb_get_vector(in, &buffer, BUFFER_DATA, 1u);
        if (mz_fb_find(in, &buffer, BUFFER_OFFSET, 8u) != 0u) {
            mz_fb_complain(in, "lies outside the FlatBuffer");
        }
    }
}

static void check_codes(mz_fb_reader *in, mz_fb_vector codes) {
    for (uint32_t i = 0u; i < codes.count && mz_fb_sound(in); i++) {
        mz_fb_reading(in, "operator code", i);
        const mz_fb_table code = mz_fb_element(in, codes, i);
        (void)mz_fb_get_text(in, &code, OPCODE_CUSTOM);
        (void)mz_fb_get_byte(in, &code, OPCODE_SHORT);
        (void)mz_fb_get_word(in, &code, OPCODE_VERSION);
        (void)mz_fb_get_word(in, &code, OPCODE_LONG);
    }
}

static mz_fb_table read_root(mz_fb_reader *in) {
    const mz_fb_table none = {0u, 0u, 0u, 0u};
    static const char mark[] = "TFL3";
    if (in->count < 8u || in->count > MAX_BYTES) {
        mz_fb_complain(in, "no TFLite model: too short or too long");
        return none;
    }
    for (uint32_t i = 0u; i < 4u; i++) {
        if (in->bytes[4u + i] != (uint8_t)mark[i]) {
            mz_fb_complain(in, "no TFLite model: the mark TFL3 is missing");
            return none;
        }
    }
    const uint32_t at = mz_fb_follow(in, 0u);
    return at == 0u ? none : mz_fb_open_table(in, at);
}

/* The graph's vectors; their content is checked later. */
static mz_tflite_graph read_graph(mz_fb_reader *in, const mz_fb_table *root) {
    mz_tflite_graph graph = {.buffers = get_parts(in, root, MODEL_BUFFERS)};
    const mz_fb_vector graphs = get_parts(in, root, MODEL_SUBGRAPHS);
    graph.codes = get_parts(in, root, MODEL_OPCODES);
    if (graphs.count != 1u) {
        mz_fb_complain(in, "the model must have exactly one graph");
        return graph;
    }
    const mz_fb_table table = mz_fb_element(in, graphs, 0u);
    graph.tensors = get_parts(in, &table, GRAPH_TENSORS);
    graph.ops = get_parts(in, &table, GRAPH_OPERATORS);
    graph.inputs = mz_fb_get_vector(in, &table, GRAPH_INPUTS, 4u);
    graph.outputs = mz_fb_get_vector(in, &table, GRAPH_OUTPUTS, 4u);
    (void)mz_fb_get_text(in, &table, GRAPH_NAME);
    if (graph.tensors.count == 0u || graph.ops.count == 0u) {
        mz_fb_complain(in, "the model has no tensors or no operators");
    }
    return graph;
}

mz_fb_fault mz_tflite_open(mz_tflite *model, const uint8_t *file, uint32_t bytes,
                           mz_tflite_scratch scratch, uint32_t arena_bytes) {
    mz_fb_reader in = {.bytes = file, .count = bytes};
    const mz_fb_table root = read_root(&in);
    if (mz_fb_sound(&in) && mz_fb_get_word(&in, &root, MODEL_VERSION) != SCHEMA_VERSION) {
        mz_fb_complain(&in, "not of TFLite's schema version 3");
    }
    mz_tflite_graph graph = read_graph(&in, &root);
    check_buffers(&in, graph.buffers);
    check_codes(&in, graph.codes);
    check_metadata(&in, &root, graph.buffers);
    for (uint32_t i = 0u; i < graph.tensors.count && mz_fb_sound(&in); i++) {
        mz_fb_reading(&in, "tensor", i);
        check_tensor(&in, &graph, i);
    }
    for (uint32_t i = 0u; i < graph.ops.count && mz_fb_sound(&in); i++) {
        mz_fb_reading(&in, "op", i);
        check_op(&in, &graph, i);
    }
    read_end(&in, &model->input, graph.inputs, &graph);
    read_end(&in, &model->output, graph.outputs, &graph);
    if (mz_fb_sound(&in)) {
        graph.plan = read_plan(&in, &root, &graph);
        mz_tflite_check_flow(&in, &graph, scratch, arena_bytes);
    }
    model->bytes = file;
    model->count = bytes;
    model->graph = graph;
    model->op_count = (uint16_t)graph.ops.count;
    return in.fault;
}

uint16_t mz_tflite_op_output(const mz_tflite *model, uint16_t op, uint32_t *bytes) {
    /* All of this was checked in mz_tflite_open. */
    mz_fb_reader in = {.bytes = model->bytes, .count = model->count};
    const mz_fb_table row = mz_fb_element(&in, model->graph.ops, op);
    const uint32_t index = mz_fb_u32(&in, mz_fb_get_vector(&in, &row, OP_OUTPUTS, 4u).at);
    *bytes = mz_tflite_look(&in, &model->graph, index).bytes;
    return (uint16_t)index;
}

const char *mz_tflite_name_of(const mz_tflite *model, uint32_t op) {
    mz_fb_reader in = {.bytes = model->bytes, .count = model->count};
    if (op >= model->op_count) {
        return "";
    }
    const mz_fb_table row = mz_fb_element(&in, model->graph.ops, op);
    return mz_tflite_op_name(mz_tflite_op_code(&in, &model->graph, &row));
}
