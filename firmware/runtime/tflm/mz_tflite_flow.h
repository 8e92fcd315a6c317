/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* In which order tensors come to be, and where. */
#ifndef MZ_TFLITE_FLOW_H
#define MZ_TFLITE_FLOW_H

#include "runtime/tflm/mz_tflite_tensor.h"

/* Memory to work in, not in use for anything else: 4-byte aligned. 12 bytes per tensor are needed. */
typedef struct {
    void *memory;
    uint32_t bytes;
} mz_tflite_scratch;

/* Complains of a tensor that is written twice, or though it is a constant, an input or a variable;
 * of one that is read, or given as the output, and nobody has written; and of a memory plan that
 * leads out of `arena_bytes` or gives two tensors the same memory at the same time. */
void mz_tflite_check_flow(mz_fb_reader *in, const mz_tflite_graph *graph, mz_tflite_scratch scratch,
                          uint32_t arena_bytes);

#endif
