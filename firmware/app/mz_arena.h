/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* How much of the tensor arena the runtime takes, and how small an arena would do. */
#ifndef MZ_ARENA_H
#define MZ_ARENA_H

#include "link/mz_messages.h"

/* Sets the runtime up in measure->arena_bytes as asked and runs it once. What it leaves is for
 * mz_arena_report; after that the runtime wants to be set up again. */
mz_status mz_arena_try(const mz_msg_measure_arena *measure);

/* Writes the payload of an ARENA_REPORT, bytes all of it. status: of the runtime as it is set up
 * now. Both pointers are used during the call only. */
void mz_arena_report(mz_writer *writer, const mz_msg_measure_arena *measure, mz_status status);

#endif
