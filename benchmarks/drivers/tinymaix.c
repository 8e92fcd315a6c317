// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 The mcuzoo authors
// Loads a model of Sipeed's TinyMaix (-DMODEL="...") and runs it. Not Sipeed's code: that is compiled
// beside this file from the user's copy.
#include MODEL
#include "tinymaix.h"

static uint8_t g_buffer[MDL_BUF_LEN] __attribute__((aligned(8)));
static int8_t g_image[128 * 128 * 3];
static tm_mdl_t g_model;
static tm_mat_t g_input, g_outputs[4];

static tm_err_t after_layer(tm_mdl_t *model, tml_head_t *layer)
{
    (void)model;
    (void)layer;
    return TM_OK;
}

void bench_setup(void)
{
    uint32_t state = 1234;
    for (unsigned i = 0; i < sizeof g_image; i++)
    {
        state = state * 1664525u + 1013904223u;
        g_image[i] = (int8_t)(state >> 24);
    }
    tm_load(&g_model, mdl_data, g_buffer, after_layer, &g_input);
    g_input.data = (mtype_t *)g_image;
}

void bench_run(void) { tm_run(&g_model, &g_input, g_outputs); }
