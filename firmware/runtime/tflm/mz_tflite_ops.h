/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What TFLite-Micro's kernels require of an operator and do not check themselves. */
#ifndef MZ_TFLITE_OPS_H
#define MZ_TFLITE_OPS_H

#include "runtime/tflm/mz_tflite_tensor.h"

/* The name of a BuiltinOperator that a firmware may have, "" for any other. */
const char *mz_tflite_op_name(uint32_t code);

/* The BuiltinOperator of an operator's table. */
uint32_t mz_tflite_op_code(mz_fb_reader *in, const mz_tflite_graph *graph, const mz_fb_table *op);

/* Reports a fault if TFLM would take a fault in this operator, compute it wrongly, or read or write
 * outside its tensors. It checks number and types of the operands, scales and zero points, that the
 * shapes fit each other, the range of options, and the range of factors in fixed point. Indices
 * must have been checked before. An operator that no firmware has is not checked: TFLM refuses
 * it. */
void mz_tflite_check_op(mz_fb_reader *in, const mz_tflite_graph *graph, const mz_fb_table *op);

#endif
