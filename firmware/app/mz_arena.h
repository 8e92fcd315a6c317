/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* How much of the tensor arena the runtime uses, and whether a smaller arena is enough. */
#ifndef MZ_ARENA_H
#define MZ_ARENA_H

#include "link/mz_messages.h"

/* Sets up the runtime in measure->arena_bytes and runs it once. Only mz_arena_report may follow;
 * then the runtime must be set up again. */
mz_status mz_arena_try(const mz_msg_measure_arena *measure);

/* Writes the whole payload of an ARENA_REPORT. status: that of the runtime as it is set up now.
 * Both pointers are used during the call only. */
void mz_arena_report(mz_writer *writer, const mz_msg_measure_arena *measure, mz_status status);

#endif
