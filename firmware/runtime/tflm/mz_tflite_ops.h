/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What TFLite-Micro's kernels need of an operator and do not look for themselves. */
#ifndef MZ_TFLITE_OPS_H
#define MZ_TFLITE_OPS_H

#include "runtime/tflm/mz_tflite_tensor.h"

/* The name of a BuiltinOperator that a firmware may have, "" for any other. */
const char *mz_tflite_op_name(uint32_t code);

/* The BuiltinOperator that an operator's table means. */
uint32_t mz_tflite_op_code(mz_fb_reader *in, const mz_tflite_graph *graph, const mz_fb_table *op);

/* Complains of an operator that TFLM would refuse by a fault, answer wrongly, or follow out of its
 * tensors: number and types of its operands, scales and zero points, shapes that contradict each
 * other, options out of range, factors that its fixed point cannot hold. Indices have been checked.
 * An operator that no firmware has is TFLM's to refuse. */
void mz_tflite_check_op(mz_fb_reader *in, const mz_tflite_graph *graph, const mz_fb_table *op);

#endif
