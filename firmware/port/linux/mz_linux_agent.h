/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* What the process says it is: a program on Linux, or an emulated board. */
#ifndef MZ_LINUX_AGENT_H
#define MZ_LINUX_AGENT_H

#include "link/mz_messages.h"

/* An emulated board says so by an entry of the auxiliary vector: what the clock MZ_COUNT_CLOCK
 * counts in, a mz_count_unit. The clock reads 0 where it does not count. On Linux there is neither
 * the entry nor the clock. */
#define MZ_AT_EMULATED 0x4d5a0001u
#define MZ_COUNT_CLOCK 0x4d5a

mz_agent mz_linux_agent(void);
mz_count_unit mz_linux_count_unit(void);

#endif
