/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What the application needs from a runtime: the ahead-of-time one and TFLite-Micro alike. There is
 * one per firmware. Memory that it hands out is its own. It is not reentrant: from an
 * exception call mz_runtime_busy and mz_runtime_doing only. */
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

/* Called after each kernel. It computed the operators first_op to last_op, as the .tflite file
 * numbers them: several where the runtime fuses them. output is the last one's, until the hook
 * returns; NULL and 0 bytes where it is not in memory as the model has it (in another layout, or
 * never as a whole). */
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
    uint32_t used; /* bytes, with what alignment cost */
    uint32_t count;
} mz_arena_part;

typedef struct {
    uint32_t used_bytes; /* head and tail */
    uint32_t head_bytes; /* activations and scratch */
    uint32_t tail_bytes; /* what persists */
    bool recorded; /* parts are valid */
    mz_arena_part parts[MZ_ARENA_PARTS];
} mz_arena_use;

/* Set up once after reset, before anything else here. Unless it returns MZ_OK, mz_runtime_error()
 * says why. */
mz_status mz_runtime_init(void);

/* Set up the same model in the first `arena_bytes` of the arena, at most info->arena_bytes, as often
 * as wanted: what was set up before is gone. recorded: with an allocator that keeps account, which
 * takes more itself; a runtime without one refuses. */
mz_status mz_runtime_init_within(uint32_t arena_bytes, bool recorded);

/* What is in use of the arena as it is set up now; zeros when it is not. */
mz_arena_use mz_runtime_arena_use(void);

/* Description of the model, the runtime's; valid before and after mz_runtime_init. It changes only
 * with mz_runtime_load and mz_runtime_unload. */
const mz_model_info *mz_runtime_info(void);

/* Input tensor, info->input.bytes long, 16-byte aligned. Its content is consumed by invoke. */
int8_t *mz_runtime_input(void);

/* Output tensor, info->output.bytes long, of no known alignment; valid after invoke until the input
 * is next written, as both may lie in the same memory. */
const int8_t *mz_runtime_output(void);

/* Run the model once. hook may be NULL. */
mz_status mz_runtime_invoke(mz_op_hook hook, void *context);

/* The next three are of a runtime that consumes its input as it arrives, which has no
 * mz_runtime_input: the input is never whole in memory. Its first kernel runs in between, and
 * mz_runtime_invoke does the rest; input that has not arrived by then is taken to be zeros. */

/* The next byte is the input's first. What was taken before is forgotten, the last output too. */
void mz_runtime_input_begin(void);

/* Where the next bytes of the input belong, as many as *bytes says: at least one, until the input
 * is complete. Of no known alignment; valid until mz_runtime_input_taken. */
int8_t *mz_runtime_input_room(uint32_t *bytes);

/* So many bytes, at most the room, are there. Runs whatever they complete. */
void mz_runtime_input_taken(uint32_t bytes);

/* The next four are of a runtime whose models are uploaded; one whose model is linked in has not
 * got them. */

/* Set up the model in `bytes` bytes at `file`, 16-byte aligned, with that SHA-256 (32 bytes, no
 * alignment, copied), in place of what was there. The file stays the caller's and is read in place
 * until the next load or unload. Returns MZ_OK or MZ_ERROR_INIT; then there is no model. */
mz_status mz_runtime_load(const uint8_t *file, uint32_t bytes, const uint8_t *sha256);

/* Forget the model: its memory may be written over. mz_runtime_info() describes none then. */
void mz_runtime_unload(void);

/* Whether the runtime is setting the model up or running it. For a fault handler. */
bool mz_runtime_busy(void);

/* Which operator it is in then, in words: "op 3 SOFTMAX", "the set-up of op 3 SOFTMAX". Valid until
 * the next call. */
const char *mz_runtime_doing(void);

/* The last failure in words, or "". Valid until the next call of a function that may fail. */
const char *mz_runtime_error(void);

#endif
