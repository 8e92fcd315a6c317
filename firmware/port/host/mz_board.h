/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The host process as a board. */
#ifndef MZ_BOARD_H
#define MZ_BOARD_H

#define MZ_BOARD_ID "host"
#define MZ_CORE_CLOCK_HZ 1000000000u

/* There is no Cortex-M, so a CPUID cannot say what answers and what mz_port_cycles counts. */
#define MZ_BOARD_AGENT MZ_AGENT_PROCESS
#define MZ_BOARD_COUNT_UNIT MZ_COUNT_NANOSECONDS

#endif
