/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What the application needs from a runtime. The ahead-of-time runtime and TFLite-Micro both
 * implement it; a firmware has one of them. Memory that it returns belongs to the runtime. It is
 * not reentrant: from an exception, call only mz_runtime_busy and mz_runtime_doing. */
#ifndef MZ_RUNTIME_H
#define MZ_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#define MZ_MAX_RANK 4u
#define MZ_SHA256_BYTES 32u

typedef enum {
    MZ_OK = 0,
    MZ_ERROR_INIT = 1, /* the runtime could not be set up (arena too small, bad model) */
    MZ_ERROR_INVOKE = 2, /* an operator failed */
    MZ_NO_MODEL = 3, /* nothing to set up: the runtime waits for a model */
} mz_status;

/* Values as in the TFLite schema's TensorType. */
typedef enum { MZ_FLOAT32 = 0, MZ_UINT8 = 3, MZ_INT8 = 9 } mz_dtype;

typedef struct {
    const char *name;
    mz_dtype dtype;
    uint8_t rank; /* at most MZ_MAX_RANK */
    uint16_t dims[MZ_MAX_RANK]; /* elements along each axis, outermost first */
    float scale; /* real value = scale * (value - zero_point) */
    int32_t zero_point;
    uint32_t bytes; /* of the whole tensor */
} mz_tensor_spec;

typedef struct {
    const char *runtime; /* "aot" | "tflm" */
    uint8_t model_sha256[MZ_SHA256_BYTES];
    mz_tensor_spec input;
    mz_tensor_spec output;
    uint32_t arena_bytes; /* reserved */
    uint32_t arena_used; /* needed; known after mz_runtime_init */
    uint16_t op_count;
} mz_model_info;

/* Called after each kernel. The kernel computed the operators first_op to last_op, with the numbers
 * of the .tflite file; they are several if the runtime fuses them. output is the output of last_op,
 * valid until the hook returns. It is NULL, with 0 bytes, if memory does not hold it as in the
 * model: in another layout, or never as a whole. */
typedef void (*mz_op_hook)(uint16_t first_op, uint16_t last_op, const int8_t *output,
                           uint32_t output_bytes, void *context);

/* The kinds of allocation that are recorded, in the order of ARENA_REPORT. */
typedef enum {
    MZ_ARENA_EVAL_TENSORS,
    MZ_ARENA_TENSORS,
    MZ_ARENA_QUANTIZATION,
    MZ_ARENA_KERNEL_BUFFERS,
    MZ_ARENA_VARIABLES,
    MZ_ARENA_NODES,
    MZ_ARENA_OPTIONS,
    MZ_ARENA_PARTS,
} mz_arena_part_kind;

typedef struct {
    uint32_t requested; /* bytes */
    uint32_t used; /* bytes, with the cost of alignment */
    uint32_t count;
} mz_arena_part;

typedef struct {
    uint32_t used_bytes; /* head and tail together */
    uint32_t head_bytes; /* activations and scratch */
    uint32_t tail_bytes; /* allocations that persist */
    bool recorded; /* true if parts are valid */
    mz_arena_part parts[MZ_ARENA_PARTS];
} mz_arena_use;

/* Set up the runtime. Call it once after reset, before any other function here. If it does not
 * return MZ_OK, mz_runtime_error() says why. */
mz_status mz_runtime_init(void);

/* Set up the same model in the first `arena_bytes` of the arena, at most info->arena_bytes. It may
 * be called again and again; each call drops the previous set-up. recorded: use an allocator that
 * records allocations and needs more memory for itself; a runtime without such an allocator
 * fails. */
mz_status mz_runtime_init_within(uint32_t arena_bytes, bool recorded);

/* How the arena is used in the present set-up; zeros if there is none. */
mz_arena_use mz_runtime_arena_use(void);

/* Description of the model; belongs to the runtime. Valid before and after mz_runtime_init. Only
 * mz_runtime_load and mz_runtime_unload change it. */
const mz_model_info *mz_runtime_info(void);

/* Input tensor, info->input.bytes long, 16-byte aligned. mz_runtime_invoke consumes its content. */
int8_t *mz_runtime_input(void);

/* Output tensor, info->output.bytes long, without alignment. Valid after mz_runtime_invoke until
 * the input is written again, since both may lie in the same memory. */
const int8_t *mz_runtime_output(void);

/* Run the model once. hook may be NULL. */
mz_status mz_runtime_invoke(mz_op_hook hook, void *context);

/* Only a runtime that consumes its input as it arrives has the next three functions. It does not
 * have mz_runtime_input, because the input is never whole in memory. Its first kernels run while
 * the input arrives, and mz_runtime_invoke runs the rest; input that has not arrived by then counts
 * as zeros. */

/* Begin a new input. Drops what was taken before, and the last output. */
void mz_runtime_input_begin(void);

/* Where to write the next *bytes bytes of the input; *bytes is at least 1 until the input is
 * complete. The result has no alignment and is valid until mz_runtime_input_taken. */
int8_t *mz_runtime_input_room(uint32_t *bytes);

/* `bytes` bytes, at most those of mz_runtime_input_room, were written. Runs the kernels that now
 * have enough input. */
void mz_runtime_input_taken(uint32_t bytes);

/* Only a runtime for uploaded models has the next four functions. */

/* Replace the model by the one in `bytes` bytes at `file`, 16-byte aligned. sha256 has 32 bytes
 * without alignment and is copied. The file belongs to the caller; the runtime reads it in place
 * until the next load or unload. Returns MZ_OK, or MZ_ERROR_INIT; after an error there is no
 * model. */
mz_status mz_runtime_load(const uint8_t *file, uint32_t bytes, const uint8_t *sha256);

/* Forget the model, so that its memory may be overwritten. mz_runtime_info() then describes no
 * model. */
void mz_runtime_unload(void);

/* True while the runtime sets up or runs the model. For a fault handler. */
bool mz_runtime_busy(void);

/* The operator that it then works on, as text: "op 3 SOFTMAX", "the set-up of op 3 SOFTMAX". Valid
 * until the next call. */
const char *mz_runtime_doing(void);

/* The last failure as text, or "". Valid until the next call of a function that may fail. */
const char *mz_runtime_error(void);

#endif
