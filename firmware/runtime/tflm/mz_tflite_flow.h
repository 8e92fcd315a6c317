/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Checks the order in which tensors are written and read, and their places in the arena. */
#ifndef MZ_TFLITE_FLOW_H
#define MZ_TFLITE_FLOW_H

#include "runtime/tflm/mz_tflite_tensor.h"

/* Working memory that nothing else uses, 4-byte aligned. 12 bytes per tensor are needed. */
typedef struct {
    void *memory;
    uint32_t bytes;
} mz_tflite_scratch;

/* Reports a fault if a tensor is written twice; if an operator writes a constant, an input or a
 * variable; if a tensor is read, or is the output of the model, before it is written; if a memory
 * plan leaves the arena of `arena_bytes`, or gives two tensors the same memory at the same time. */
void mz_tflite_check_flow(mz_fb_reader *in, const mz_tflite_graph *graph, mz_tflite_scratch scratch,
                          uint32_t arena_bytes);

#endif
