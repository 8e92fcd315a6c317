#include "runtime/tflm/mz_tflite.h"

#include <stddef.h>

#define SCHEMA_VERSION 3u
#define MAX_PARTS 16384u /* of one kind; far above any network for a microcontroller */
#define MAX_BYTES 0x40000000u
#define NO_TENSOR 0xffffffffu

enum { MODEL_VERSION, MODEL_OPCODES, MODEL_SUBGRAPHS, MODEL_BUFFERS = 4, MODEL_METADATA = 6 };
enum { GRAPH_TENSORS, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS, GRAPH_NAME };
enum { TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION };
enum { TENSOR_IS_VARIABLE = 5, TENSOR_SPARSITY };
enum { QUANTIZATION_SCALE = 2, QUANTIZATION_ZERO_POINT, QUANTIZATION_DETAILS_TYPE };
enum { QUANTIZATION_DIMENSION = 6 };
enum { OP_CODE, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS_TYPE, OP_OPTIONS, OP_CUSTOM_OPTIONS };
enum { OP_INTERMEDIATES = 8 };
enum { OPCODE_SHORT, OPCODE_CUSTOM, OPCODE_VERSION, OPCODE_LONG };
enum { BUFFER_DATA, BUFFER_OFFSET };
enum { METADATA_NAME, METADATA_BUFFER };

/* BuiltinOptions whose first field is a vector of int32; all others that TFLM reads are scalars. */
enum { OPTIONS_RESHAPE = 17, OPTIONS_SQUEEZE = 30 };

enum { TYPE_FLOAT32 = 0, TYPE_INT32 = 2, TYPE_UINT8 = 3, TYPE_INT8 = 9 };

static mz_fb_vector get_parts(mz_fb_reader *in, const mz_fb_table *of, uint32_t slot) {
    const mz_fb_vector parts = mz_fb_get_vector(in, of, slot, 4u);
    if (parts.count > MAX_PARTS) {
        mz_fb_complain(in, "too many parts for a network that fits here");
    }
    return parts;
}

static uint32_t type_bytes(uint32_t type) {
    return type == TYPE_INT8 ? 1u : 4u;
}

/* Bytes of a tensor of this shape; complains when it cannot be. */
static uint32_t tensor_bytes(mz_fb_reader *in, mz_fb_vector shape, uint32_t type) {
    uint32_t bytes = type_bytes(type);
    for (uint32_t i = 0u; i < shape.count; i++) {
        const uint32_t size = mz_fb_u32(in, shape.at + 4u * i);
        if (size > MAX_BYTES || (size != 0u && bytes > MAX_BYTES / size)) {
            mz_fb_complain(in, "an impossible shape");
            return 0u;
        }
        bytes *= size;
    }
    return bytes;
}

static void check_type(mz_fb_reader *in, uint32_t type) {
    if (type == TYPE_UINT8) {
        mz_fb_complain(in, "is uint8, which TFLite-Micro dropped: mcuzoo convert makes it int8");
    } else if (type == TYPE_FLOAT32) {
        mz_fb_complain(in, "is float32: the model must be quantized to int8");
    } else if (type != TYPE_INT8 && type != TYPE_INT32) {
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

static void check_tensor(mz_fb_reader *in, const mz_fb_table *tensor, mz_fb_vector buffers) {
    const uint32_t type = mz_fb_get_byte(in, tensor, TENSOR_TYPE);
    const mz_fb_vector shape = mz_fb_get_vector(in, tensor, TENSOR_SHAPE, 4u);
    const uint32_t buffer = mz_fb_get_word(in, tensor, TENSOR_BUFFER);
    check_type(in, type);
    check_quantization(in, tensor);
    (void)mz_fb_get_byte(in, tensor, TENSOR_IS_VARIABLE);
    (void)mz_fb_get_text(in, tensor, TENSOR_NAME);
    if (mz_fb_find(in, tensor, TENSOR_SPARSITY, 4u) != 0u) {
        mz_fb_complain(in, "is sparse");
    }
    if (buffer >= buffers.count) {
        mz_fb_complain(in, "refers to a buffer that is not there");
    }
    if (!mz_fb_sound(in)) {
        return;
    }
    const mz_fb_table home = mz_fb_element(in, buffers, buffer);
    const mz_fb_vector data = mz_fb_get_vector(in, &home, BUFFER_DATA, 1u);
    const uint32_t bytes = tensor_bytes(in, shape, type);
    if (data.count != 0u && (data.count != bytes || data.at % 4u != 0u)) {
        mz_fb_complain(in, "has constants that are not aligned or do not fill its shape");
    }
}

static void check_indices(mz_fb_reader *in, mz_fb_vector indices, uint32_t limit, bool optional) {
    for (uint32_t i = 0u; i < indices.count && mz_fb_sound(in); i++) {
        const uint32_t index = mz_fb_u32(in, indices.at + 4u * i);
        if (index >= limit && !(optional && index == NO_TENSOR)) {
            mz_fb_complain(in, "names a tensor that is not there");
        }
    }
}

/* Every field of the options must begin inside; a scalar that begins there has at most 4 bytes. */
static void check_options(mz_fb_reader *in, const mz_fb_table *op) {
    const uint32_t kind = mz_fb_get_byte(in, op, OP_OPTIONS_TYPE);
    const mz_fb_table options = mz_fb_get_table(in, op, OP_OPTIONS);
    for (uint32_t slot = 0u; mz_fb_sound(in) && 4u + 2u * slot + 2u <= options.vtable_bytes; slot++) {
        (void)mz_fb_find(in, &options, slot, 1u);
    }
    if (kind == OPTIONS_RESHAPE || kind == OPTIONS_SQUEEZE) {
        (void)mz_fb_get_vector(in, &options, 0u, 4u);
    }
    (void)mz_fb_get_vector(in, op, OP_CUSTOM_OPTIONS, 1u);
}

static void check_op(mz_fb_reader *in, const mz_fb_table *op, uint32_t codes, uint32_t tensors) {
    const mz_fb_vector outputs = mz_fb_get_vector(in, op, OP_OUTPUTS, 4u);
    const mz_fb_vector inputs = mz_fb_get_vector(in, op, OP_INPUTS, 4u);
    check_indices(in, inputs, tensors, true);
    check_indices(in, outputs, tensors, false);
    check_indices(in, mz_fb_get_vector(in, op, OP_INTERMEDIATES, 4u), tensors, true);
    check_options(in, op);
    if (mz_fb_get_word(in, op, OP_CODE) >= codes) {
        mz_fb_complain(in, "names an operator code that is not there");
    }
    if (inputs.count == 0u || outputs.count == 0u) {
        mz_fb_complain(in, "has no input or no output");
    }
}

/* The one index in `ends`, and the tensor that it means. */
static void read_end(mz_fb_reader *in, mz_tensor_spec *spec, mz_fb_vector ends, mz_fb_vector tensors) {
    if (!mz_fb_sound(in) || ends.count != 1u) {
        mz_fb_complain(in, "the model must have one input and one output");
        return;
    }
    const uint32_t index = mz_fb_u32(in, ends.at);
    mz_fb_reading(in, "tensor", index);
    if (!mz_fb_sound(in) || index >= tensors.count) {
        mz_fb_complain(in, "is an end of the model and is not there");
        return;
    }
    const mz_fb_table tensor = mz_fb_element(in, tensors, index);
    const mz_fb_vector shape = mz_fb_get_vector(in, &tensor, TENSOR_SHAPE, 4u);
    const mz_fb_table quantization = mz_fb_get_table(in, &tensor, TENSOR_QUANTIZATION);
    const mz_fb_vector scales = mz_fb_get_vector(in, &quantization, QUANTIZATION_SCALE, 4u);
    const mz_fb_vector zeros = mz_fb_get_vector(in, &quantization, QUANTIZATION_ZERO_POINT, 8u);
    if (mz_fb_get_byte(in, &tensor, TENSOR_TYPE) != TYPE_INT8 || scales.count != 1u ||
        zeros.count != 1u || shape.count > MZ_MAX_RANK) {
        mz_fb_complain(in, "is an end of the model and not int8 with one scale and at most 4 dimensions");
        return;
    }
    /* A union is C11's way to see bits as a float. */
    const union {
        uint32_t bits;
        float value;
    } scale = {mz_fb_u32(in, scales.at)};
    spec->name = mz_fb_get_text(in, &tensor, TENSOR_NAME);
    spec->dtype = MZ_INT8;
    spec->rank = (uint8_t)shape.count;
    for (uint32_t i = 0u; i < shape.count; i++) {
        const uint32_t size = mz_fb_u32(in, shape.at + 4u * i);
        if (size > 0xffffu) {
            mz_fb_complain(in, "is an end of the model and too large");
        }
        spec->dims[i] = (uint16_t)size;
    }
    spec->scale = scale.value;
    spec->zero_point = (int32_t)mz_fb_u32(in, zeros.at);
    spec->bytes = tensor_bytes(in, shape, TYPE_INT8);
    if (spec->bytes == 0u) {
        mz_fb_complain(in, "is an end of the model and empty");
    }
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
        /* Our memory plan, and whatever else TFLM reads of them, are int32. */
        const mz_fb_table home = mz_fb_element(in, buffers, mz_fb_get_word(in, &entry, METADATA_BUFFER));
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

/* TFLM believes the count of its own plan: version, graph, count, one offset per tensor. */
static void check_plan(mz_fb_reader *in, const mz_fb_table *root, mz_fb_vector buffers, uint32_t tensors) {
    const mz_fb_vector entries = get_parts(in, root, MODEL_METADATA);
    for (uint32_t i = 0u; i < entries.count && mz_fb_sound(in); i++) {
        mz_fb_reading(in, "metadata", i);
        const mz_fb_table entry = mz_fb_element(in, entries, i);
        if (!same_text(mz_fb_get_text(in, &entry, METADATA_NAME), "OfflineMemoryAllocation")) {
            continue;
        }
        const mz_fb_table home = mz_fb_element(in, buffers, mz_fb_get_word(in, &entry, METADATA_BUFFER));
        const mz_fb_vector data = mz_fb_get_vector(in, &home, BUFFER_DATA, 1u);
        if (data.count < 12u || mz_fb_u32(in, data.at + 8u) != tensors ||
            (data.count - 12u) / 4u < tensors) {
            mz_fb_complain(in, "is a memory plan of another number of tensors");
        }
    }
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

mz_fb_fault mz_tflite_open(mz_tflite *model, const uint8_t *file, uint32_t bytes) {
    mz_fb_reader in = {.bytes = file, .count = bytes};
    const mz_fb_table root = read_root(&in);
    if (mz_fb_sound(&in) && mz_fb_get_word(&in, &root, MODEL_VERSION) != SCHEMA_VERSION) {
        mz_fb_complain(&in, "not of TFLite's schema version 3");
    }
    const mz_fb_vector buffers = get_parts(&in, &root, MODEL_BUFFERS);
    const mz_fb_vector codes = get_parts(&in, &root, MODEL_OPCODES);
    const mz_fb_vector graphs = get_parts(&in, &root, MODEL_SUBGRAPHS);
    if (graphs.count != 1u) {
        mz_fb_complain(&in, "the model must have exactly one graph");
    }
    if (!mz_fb_sound(&in)) {
        return in.fault;
    }
    check_buffers(&in, buffers);
    check_codes(&in, codes);
    check_metadata(&in, &root, buffers);
    mz_fb_reading(&in, NULL, 0u);
    if (!mz_fb_sound(&in)) {
        return in.fault;
    }
    const mz_fb_table graph = mz_fb_element(&in, graphs, 0u);
    const mz_fb_vector tensors = get_parts(&in, &graph, GRAPH_TENSORS);
    const mz_fb_vector ops = get_parts(&in, &graph, GRAPH_OPERATORS);
    (void)mz_fb_get_text(&in, &graph, GRAPH_NAME);
    if (tensors.count == 0u || ops.count == 0u) {
        mz_fb_complain(&in, "the model has no tensors or no operators");
    }
    for (uint32_t i = 0u; i < tensors.count && mz_fb_sound(&in); i++) {
        mz_fb_reading(&in, "tensor", i);
        const mz_fb_table tensor = mz_fb_element(&in, tensors, i);
        check_tensor(&in, &tensor, buffers);
    }
    for (uint32_t i = 0u; i < ops.count && mz_fb_sound(&in); i++) {
        mz_fb_reading(&in, "op", i);
        const mz_fb_table op = mz_fb_element(&in, ops, i);
        check_op(&in, &op, codes.count, tensors.count);
    }
    if (mz_fb_sound(&in)) {
        check_plan(&in, &root, buffers, tensors.count);
    }
    mz_fb_reading(&in, NULL, 0u);
    read_end(&in, &model->input, mz_fb_get_vector(&in, &graph, GRAPH_INPUTS, 4u), tensors);
    mz_fb_reading(&in, NULL, 0u);
    read_end(&in, &model->output, mz_fb_get_vector(&in, &graph, GRAPH_OUTPUTS, 4u), tensors);
    model->bytes = file;
    model->count = bytes;
    model->tensors = tensors.at;
    model->operators = ops.at;
    model->op_count = (uint16_t)ops.count;
    return in.fault;
}

uint16_t mz_tflite_op_output(const mz_tflite *model, uint16_t op, uint32_t *bytes) {
    /* All of this was checked when the file was opened. */
    mz_fb_reader in = {.bytes = model->bytes, .count = model->count};
    const mz_fb_vector ops = {model->operators, model->op_count};
    const mz_fb_vector tensors = {model->tensors, 0u};
    const mz_fb_table row = mz_fb_element(&in, ops, op);
    const uint32_t index = mz_fb_u32(&in, mz_fb_get_vector(&in, &row, OP_OUTPUTS, 4u).at);
    const mz_fb_table tensor = mz_fb_element(&in, tensors, index);
    const mz_fb_vector shape = mz_fb_get_vector(&in, &tensor, TENSOR_SHAPE, 4u);
    *bytes = tensor_bytes(&in, shape, mz_fb_get_byte(&in, &tensor, TENSOR_TYPE));
    return (uint16_t)index;
}
