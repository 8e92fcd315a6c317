/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Micro-benchmarks that follow the ops of a model in a firmware of mcuzoo calibrate. Each is timed
 * as an op is: by the hook that is called behind it. */
#ifndef MZ_BENCHMARKS_H
#define MZ_BENCHMARKS_H

#include <stdint.h>

#include "runtime/mz_runtime.h"

/* What a benchmark finds in the caches. It has run once before, so all else of it is there. */
typedef enum {
    MZ_BENCHMARK_WARM,      /* what it left there */
    MZ_BENCHMARK_COLD_DATA, /* no data, but the first line that it loads */
    MZ_BENCHMARK_COLD_CODE, /* no code */
} mz_benchmark_caches;

#define MZ_BENCHMARK_LINE_BYTES 32u

/* Either code, or loads of one word from `count` lines of memory at `base`: from line n goes
 * n * factor + step, modulo the lines of the window, of which there are last_line + 1, a power of
 * two. Each load waits for the one before. */
typedef struct {
    mz_benchmark_caches caches;
    void (*code)(uint32_t *words);
    uint32_t base;
    uint32_t last_line;
    uint32_t factor;
    uint32_t step;
    uint32_t count;
} mz_benchmark;

/* The benchmarks of this firmware, of mz_benchmark_table.c, which is rendered for a board. */
extern const mz_benchmark mz_benchmarks[];

/* Run `count` benchmarks. Before number n, counted from 0, the hook is called with op first + 2 n,
 * and behind it with the next number; so the counts of the former are those of preparing. */
void mz_benchmarks_run(const mz_benchmark *benchmarks, uint32_t count, uint16_t first,
                       mz_op_hook hook, void *context);

/* Rounds of each loop below, and how often its instructions are in a round. */
#define MZ_BENCHMARK_ROUNDS 64u
#define MZ_BENCHMARK_REPEATS 8u

/* Loops of a few instructions, each of which a rule of the cycle model is about. words: eight. */
void mz_benchmark_products(uint32_t *words);
void mz_benchmark_products_and_loads(uint32_t *words);
void mz_benchmark_loads_of_two_banks(uint32_t *words);
void mz_benchmark_loads_of_one_bank(uint32_t *words);
void mz_benchmark_loads_of_pairs(uint32_t *words);
void mz_benchmark_load_then_product(uint32_t *words);
void mz_benchmark_extensions(uint32_t *words);
void mz_benchmark_stores_of_words(uint32_t *words);
void mz_benchmark_stores_of_bytes(uint32_t *words);
void mz_benchmark_divisions(uint32_t *words);
void mz_benchmark_branches_by_chance(uint32_t *words);

/* Code without a loop: so many lines of narrow instructions, one after the other; or as many jumps,
 * each to the fourth line behind. */
#define MZ_BENCHMARK_CODE_LINES 128u
void mz_benchmark_straight_code(uint32_t *words);
void mz_benchmark_jumping_code(uint32_t *words);

#endif
