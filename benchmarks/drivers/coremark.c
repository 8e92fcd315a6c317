// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 The mcuzoo authors
// Calls one iteration of EEMBC's CoreMark with the parameters of its performance run. Not
// EEMBC's code: that is compiled beside this file from the user's copy.
#include "coremark.h"

static ee_u8 g_memory[2000] __attribute__((aligned(8)));
static core_results g_results;

void bench_setup(void)
{
    const ee_u32 size = 2000 / 3;
    g_results.seed1 = 0;
    g_results.seed2 = 0;
    g_results.seed3 = 0x66;
    g_results.size = size;
    g_results.execs = ID_LIST | ID_MATRIX | ID_STATE;
    g_results.iterations = 1;
    for (int i = 0; i < 3; i++)
    {
        g_results.memblock[i + 1] = g_memory + size * i;
    }
    g_results.list = core_list_init(size, g_results.memblock[1], g_results.seed1);
    core_init_matrix(size, g_results.memblock[2], 0, &g_results.mat);
    core_init_state(size, g_results.seed1, g_results.memblock[3]);
}

void bench_run(void) { iterate(&g_results); }
