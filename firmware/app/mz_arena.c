/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "app/mz_arena.h"

#include <stddef.h>

#include "port/mz_port.h"
#include "runtime/mz_runtime.h"

mz_status mz_arena_try(const mz_msg_measure_arena *measure) {
    const mz_status status = mz_runtime_init_within(measure->arena_bytes, measure->recorded != 0u);
    return status == MZ_OK ? mz_runtime_invoke(NULL, NULL) : status;
}

void mz_arena_report(mz_writer *writer, const mz_msg_measure_arena *measure, mz_status status) {
    const mz_stack_use stack = mz_port_stack();
    const bool whole = measure->arena_bytes == 0u;
    const mz_arena_use use =
        status == MZ_OK ? mz_runtime_arena_use() : (mz_arena_use){.used_bytes = 0u};
    const mz_msg_arena_report report = {
        .nonce = measure->nonce,
        .arena_bytes = whole ? mz_runtime_info()->arena_bytes : measure->arena_bytes,
        .used_bytes = use.used_bytes,
        .head_bytes = use.head_bytes,
        .tail_bytes = use.tail_bytes,
        .stack_bytes = stack.bytes,
        .stack_used_bytes = stack.used_bytes,
        .status = (uint8_t)status,
        .text = status == MZ_OK ? "" : mz_runtime_error(),
        .data = {NULL, 0u},
    };
    mz_pack_arena_report(writer, &report);
    for (uint32_t i = 0u; use.recorded && i < MZ_ARENA_PARTS; ++i) {
        mz_write_u32(writer, use.parts[i].requested);
        mz_write_u32(writer, use.parts[i].used);
        mz_write_u32(writer, use.parts[i].count);
    }
}
