/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "calibrate/mz_benchmarks.h"

#include <stddef.h>

#include "port/cortex_m7/mz_cache.h"

/* Factor and addend of a generator of numbers by chance; the loops read and change the others. */
static uint32_t words[8] = {1664525u, 1013904223u};

static void read_lines(const mz_benchmark *benchmark) {
    const uint32_t base = benchmark->base;
    const uint32_t last_line = benchmark->last_line;
    const uint32_t factor = benchmark->factor;
    const uint32_t step = benchmark->step;
    uint32_t line = 0u;
    for (uint32_t left = benchmark->count; left != 0u; left--) {
        uint32_t word = *(const volatile uint32_t *)(base + line * MZ_BENCHMARK_LINE_BYTES);
        /* The next address depends on the word, though not by its value. */
        __asm__ volatile("eor %0, %0, %0" : "+r"(word));
        line = (line * factor + step + word) & last_line;
    }
}

static void run(const mz_benchmark *benchmark) {
    if (benchmark->code != NULL) {
        benchmark->code(words);
    } else {
        read_lines(benchmark);
    }
}

static void prepare(const mz_benchmark *benchmark) {
    run(benchmark);
    if (benchmark->caches == MZ_BENCHMARK_COLD_DATA) {
        mz_cache_forget_data();
        /* Its own constants shall be there, and with them its first line is. */
        mz_benchmark first = *benchmark;
        first.count = 1u;
        run(&first);
    } else if (benchmark->caches == MZ_BENCHMARK_COLD_CODE) {
        mz_cache_forget_code();
    }
}

void mz_benchmarks_run(const mz_benchmark *benchmarks, uint32_t count, uint16_t first,
                       mz_op_hook hook, void *context) {
    for (uint32_t n = 0u; n < count && hook != NULL; n++) {
        const uint16_t op = (uint16_t)(first + 2u * n);
        const mz_benchmark benchmark = benchmarks[n]; /* which the cache may forget */
        prepare(&benchmark);
        hook(op, op, NULL, 0u, context);
        run(&benchmark);
        hook((uint16_t)(op + 1u), (uint16_t)(op + 1u), NULL, 0u, context);
    }
}

_Static_assert(MZ_BENCHMARK_REPEATS == 8u, "as LOOP repeats");

#define LOOP(name, body) \
    void name(uint32_t *at) { \
        uint32_t rounds = MZ_BENCHMARK_ROUNDS; \
        __asm__ volatile("ldrd r2, r3, [%1]\n\t" \
                         "movs r0, #1\n\t" \
                         "movs r1, #1\n\t" \
                         ".balign 8\n" \
                         "1:\n\t" \
                         ".rept 8\n\t" body "\n\t.endr\n\t" \
                         "subs %0, %0, #1\n\t" \
                         "bne 1b" \
                         : "+l"(rounds) \
                         : "r"(at) \
                         : "r0", "r1", "r2", "r3", "r12", "cc", "memory"); \
    }

LOOP(mz_benchmark_products, "smlad r0, r2, r3, r0\n\tsmlad r1, r2, r3, r1")
LOOP(mz_benchmark_products_and_loads, "smlad r0, r2, r3, r0\n\tldr r12, [%1]")
LOOP(mz_benchmark_loads_of_two_banks, "ldr r0, [%1]\n\tldr r1, [%1, #4]")
LOOP(mz_benchmark_loads_of_one_bank, "ldr r0, [%1]\n\tldr r1, [%1, #8]")
LOOP(mz_benchmark_loads_of_pairs, "ldrd r0, r1, [%1]")
LOOP(mz_benchmark_load_then_product, "ldr r0, [%1]\n\tsmlad r1, r0, r3, r1")
LOOP(mz_benchmark_extensions, "sxtb16 r0, r2\n\tsxtb16 r1, r3")
LOOP(mz_benchmark_stores_of_words, "str r0, [%1, #16]\n\tstr r1, [%1, #20]")
LOOP(mz_benchmark_stores_of_bytes, "strb r0, [%1, #16]\n\tstrb r1, [%1, #17]")
LOOP(mz_benchmark_divisions, "udiv r0, r3, r2")
LOOP(mz_benchmark_branches_by_chance, "mla r0, r0, r2, r3\n\tcmp r0, #0\n\tbmi 2f\n\tnop\n2:")

void mz_benchmark_straight_code(uint32_t *at) {
    (void)at;
    __asm__ volatile(".balign 32\n\t.rept 128 * 16\n\tnop\n\t.endr");
}

void mz_benchmark_jumping_code(uint32_t *at) {
    (void)at;
    __asm__ volatile(".balign 32\n\t.rept 128\n\tb 2f\n\t.space 126\n2:\n\t.endr");
}
