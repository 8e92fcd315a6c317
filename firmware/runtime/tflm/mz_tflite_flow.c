/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "runtime/tflm/mz_tflite_flow.h"

#include <stddef.h>

#include "runtime/tflm/mz_tflite_ops.h"
#include "runtime/tflm/mz_tflite_slots.h"

#define RESHAPE 22u
#define NOT_YET 0xffffu
#define UNPLANNED 0xffffffffu
#define SHARED 0xfffffffeu /* cannot be an offset: it is not aligned */
#define ALIGNMENT 16u /* TFLM's alignment of tensors in its arena */

/* A tensor lives from step born to step last. Step 0 is the input, step n + 1 is operator n. */
typedef struct {
    uint32_t at;    /* planned offset in the arena; or SHARED, then `bytes` is the other tensor */
    uint32_t bytes;
    uint16_t born;
    uint16_t last;
} life;

static bool begin(mz_fb_reader *in, const mz_tflite_graph *graph, life *lives,
                  uint32_t arena_bytes) {
    for (uint32_t i = 0u; i < graph->tensors.count && mz_fb_sound(in); i++) {
        mz_fb_reading(in, "tensor", i);
        const mz_tflite_tensor tensor = mz_tflite_look(in, graph, i);
        const life one = {
            .at = graph->plan.count == 0u || tensor.data != 0u
                      ? UNPLANNED
                      : mz_fb_u32(in, graph->plan.at + 4u * i),
            .bytes = (tensor.bytes + ALIGNMENT - 1u) & ~(ALIGNMENT - 1u),
            .born = tensor.data != 0u ? 0u : NOT_YET,
            .last = 0u,
        };
        if (one.at != UNPLANNED && (one.at % ALIGNMENT != 0u || one.at > arena_bytes ||
                                    one.bytes > arena_bytes - one.at)) {
            mz_fb_complain(in, "is planned outside the arena");
        }
        if (tensor.variable) {
            mz_fb_complain(in, "is a variable, and a classifier has none");
        }
        lives[i] = one;
    }
    return mz_fb_sound(in);
}

/* A tensor gets its value. It must not have a value yet, from an operator or from the file. */
static void bear(mz_fb_reader *in, life *tensor, uint32_t step) {
    if (tensor->born != NOT_YET) {
        mz_fb_complain(in, "writes a constant, an input, or what has been written");
        return;
    }
    tensor->born = (uint16_t)step;
    tensor->last = (uint16_t)step;
}

static void use(mz_fb_reader *in, life *lives, uint32_t index, uint32_t step) {
    life *const tensor = &lives[index];
    if (tensor->born == NOT_YET) {
        mz_fb_complain(in, "reads what nobody has written");
    }
    tensor->last = (uint16_t)step;
    if (tensor->at == SHARED) {
        lives[tensor->bytes].last = (uint16_t)step;
    }
}

/* If input and output of RESHAPE have the same place, it copies nothing: they are one tensor. */
static void share(life *lives, uint32_t from, uint32_t to) {
    const uint32_t root = lives[from].at == SHARED ? lives[from].bytes : from;
    if (lives[to].at != UNPLANNED && lives[to].at == lives[root].at &&
        lives[to].bytes == lives[root].bytes) {
        lives[to].at = SHARED;
        lives[to].bytes = root;
    }
}

static void follow(mz_fb_reader *in, const mz_tflite_graph *graph, life *lives) {
    mz_fb_reading(in, "input", 0u);
    bear(in, &lives[mz_fb_u32(in, graph->inputs.at)], 0u);
    for (uint32_t i = 0u; i < graph->ops.count && mz_fb_sound(in); i++) {
        mz_fb_reading(in, "op", i);
        const mz_fb_table op = mz_fb_element(in, graph->ops, i);
        const uint32_t code = mz_tflite_op_code(in, graph, &op);
        in->name = mz_tflite_op_name(code);
        const mz_fb_vector inputs = mz_fb_get_vector(in, &op, OP_INPUTS, 4u);
        const mz_fb_vector outputs = mz_fb_get_vector(in, &op, OP_OUTPUTS, 4u);
        for (uint32_t n = 0u; n < inputs.count && mz_fb_sound(in); n++) {
            const uint32_t index = mz_fb_u32(in, inputs.at + 4u * n);
            if (index != MZ_TFLITE_NO_TENSOR) {
                use(in, lives, index, i + 1u);
            }
        }
        for (uint32_t n = 0u; n < outputs.count && mz_fb_sound(in); n++) {
            bear(in, &lives[mz_fb_u32(in, outputs.at + 4u * n)], i + 1u);
        }
        if (mz_fb_sound(in) && code == RESHAPE) {
            share(lives, mz_fb_u32(in, inputs.at), mz_fb_u32(in, outputs.at));
        }
    }
    mz_fb_reading(in, "output", 0u);
    const uint32_t result = mz_fb_u32(in, graph->outputs.at);
    use(in, lives, result, graph->ops.count + 1u);
    if (lives[result].born == 0u) {
        mz_fb_complain(in, "is no operator's");
    }
}

static bool collide(const life *one, const life *other) {
    return one->born <= other->last && other->born <= one->last &&
           one->at < other->at + other->bytes && other->at < one->at + one->bytes;
}

static bool planned(const life *tensor) {
    return tensor->at != UNPLANNED && tensor->at != SHARED && tensor->born != NOT_YET;
}

static void check_plan(mz_fb_reader *in, const life *lives, uint32_t count) {
    for (uint32_t i = 0u; i < count && mz_fb_sound(in); i++) {
        mz_fb_reading(in, "tensor", i);
        for (uint32_t n = 0u; planned(&lives[i]) && n < i; n++) {
            if (planned(&lives[n]) && collide(&lives[i], &lives[n])) {
                mz_fb_complain(in, "is planned into another one's memory");
            }
        }
    }
}

void mz_tflite_check_flow(mz_fb_reader *in, const mz_tflite_graph *graph, mz_tflite_scratch scratch,
                          uint32_t arena_bytes) {
    life *const lives = scratch.memory;
    mz_fb_reading(in, NULL, 0u);
    if (graph->tensors.count > scratch.bytes / sizeof(life)) {
        mz_fb_complain(in, "the model has more tensors than the arena has room for");
        return;
    }
    if (!begin(in, graph, lives, arena_bytes)) {
        return;
    }
    follow(in, graph, lives);
    if (graph->plan.count != 0u) {
        check_plan(in, lives, graph->tensors.count);
    }
}
