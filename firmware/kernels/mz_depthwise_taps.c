/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_depthwise_taps.h"

#include "kernels/mz_assembly.h"
#include "kernels/mz_pairs.h"

/* Sums of four windows. */
typedef struct {
    int32_t a, b, c, d;
} sums;

static __attribute__((noinline)) sums sum_neighbours(const mz_taps_job *job, const int32_t *x) {
    sums sum = {job->start, job->start, job->start, job->start};
    const uint32_t *w = job->weights;
    for (int32_t y = job->taps_down; y > 0; y--, x += job->tap_bytes / 4) {
        const uint32_t *const end = w + 2 * job->words;
        const int32_t *from = x;
        for (uint32_t now = (uint32_t)*from++; w != end; w += 2) {
            const uint32_t next = (uint32_t)*from++;
            sum.a = mz_pair_products(now, w[0], sum.a);
            sum.b = mz_pair_products(now, w[1], sum.b);
            sum.c = mz_pair_products(next, w[0], sum.c);
            sum.d = mz_pair_products(next, w[1], sum.d);
            now = next;
        }
    }
    return sum;
}

static __attribute__((noinline)) sums sum_apart(const mz_taps_job *job, const int32_t *x) {
    sums sum = {job->start, job->start, job->start, job->start};
    const uint32_t *w = job->weights;
    const int32_t apart = 2 * job->apart; /* bytes; words there may lie at odd columns */
    for (int32_t y = job->taps_down; y > 0; y--, x += job->tap_bytes / 4) {
        const uint32_t *const end = w + job->words;
        const int8_t *from = (const int8_t *)x;
        for (; w != end; w++, from += 4) {
            sum.a = mz_pair_products(mz_word_load(from), *w, sum.a);
            sum.b = mz_pair_products(mz_word_load(from + apart), *w, sum.b);
            sum.c = mz_pair_products(mz_word_load(from + 2 * apart), *w, sum.c);
            sum.d = mz_pair_products(mz_word_load(from + 3 * apart), *w, sum.d);
        }
    }
    return sum;
}

/* TFLM's two roundings: the product's, and by the shift, where halves of negative numbers go down. */
static int8_t output_of(const mz_taps_job *job, int32_t sum) {
    const int32_t offset = job->offset - (sum < 0);
    const int32_t high = mz_high_product_rounded(sum, job->multiplier, offset);
    return (int8_t)mz_saturated(high >> job->shift);
}

/* Windows of any number of words. */
static void run_any(const mz_taps_job *job) {
    const int32_t step = job->step;
    const int32_t *x = job->planes;
    int8_t *output = job->output;
    for (int32_t line = 0; line < job->lines; line++) {
        const int32_t *const end = x + job->line_bytes / 4;
        for (; x != end; x += job->group_bytes / 4, output += job->group_output) {
            const sums sum =
                (job->way == MZ_TAPS_NEIGHBOURS ? sum_neighbours : sum_apart)(job, x);
            output[0] = output_of(job, sum.a);
            output[step] = output_of(job, sum.b);
            output[job->last] = output_of(job, sum.d);
            output[2 * step] = output_of(job, sum.c);
        }
        x += job->input_skip / 4;
        output += job->output_skip;
    }
}

#if MZ_ASSEMBLY

#include <stddef.h>

/* The job up to its entry and where a line's planes end, on the stack, bytes from sp. The assembly puts
 * the address where its code is entered in place of the entry. */
#define JOB_OUTPUT 0
#define JOB_STEP 4
#define JOB_MULTIPLIER 8
#define JOB_OFFSET 12
#define JOB_SHIFT 16
#define JOB_PLANES 20
#define JOB_WEIGHTS 24
#define JOB_TAPS_DOWN 28
#define JOB_START 32
#define JOB_TAP_BYTES 36
#define JOB_GROUP_BYTES 40
#define JOB_GROUP_OUTPUT 44
#define JOB_LAST 48
#define JOB_LINE_BYTES 52
#define JOB_INPUT_SKIP 56
#define JOB_OUTPUT_SKIP 60
#define JOB_LINES 64
#define JOB_ENTRY 68
#define JOB_LINE_END 72
#define JOB_BYTES 76

#define ON_STACK(name) MZ_AT("sp", JOB_##name)

#define IS_AT(field, name) (offsetof(mz_taps_job, field) == JOB_##name)
_Static_assert(IS_AT(output, OUTPUT) && IS_AT(step, STEP) && IS_AT(multiplier, MULTIPLIER) &&
                   IS_AT(offset, OFFSET) && IS_AT(shift, SHIFT) && IS_AT(planes, PLANES) &&
                   IS_AT(weights, WEIGHTS) && IS_AT(taps_down, TAPS_DOWN) &&
                   IS_AT(start, START) && IS_AT(tap_bytes, TAP_BYTES) &&
                   IS_AT(group_bytes, GROUP_BYTES) && IS_AT(group_output, GROUP_OUTPUT) &&
                   IS_AT(last, LAST) && IS_AT(line_bytes, LINE_BYTES) &&
                   IS_AT(input_skip, INPUT_SKIP) && IS_AT(output_skip, OUTPUT_SKIP) &&
                   IS_AT(lines, LINES) && IS_AT(entry, ENTRY),
               "the assembly below counts on it");

/* Registers while a group is summed up:
 *
 *            neighbours               every second
 *   r0       reads planes             the same
 *   r1       reads weights            the same
 *   r2 r3    weights: even, odd       weights: of now and of the next two columns
 *   r4 r5    and of the next columns  activations of the first and the second window
 *   r6 r7    activations: now, next   and of the third and the fourth
 *   r8       rows of the window that are left
 *   r9..r12  the sums of four outputs
 *   lr       bytes from row to row of the window
 *
 * Each load stands beside a product, and two products before the one that needs it. */
#define PRODUCT(sum, x, w) "smlad " sum ", " x ", " w ", " sum "\n\t"
#define WEIGHT(w) "ldr " w ", [r1], #4\n\t"
#define LOAD(x, word) "ldr " x ", [r0, #4 * " #word "]\n\t"
#define NEXT_ROW "add r0, lr\n\t"
#define COUNT "subs r8, #1\n\t"
#define NOTHING ""

/* Two columns of neighbouring windows, or of every second one; what stands beside each product. */
#define NEIGHBOURS(now, next, even, odd, first, second, third, fourth) \
    PRODUCT("r9", now, even) \
    first PRODUCT("r10", now, odd) \
    second PRODUCT("r11", next, even) \
    third PRODUCT("r12", next, odd) \
    fourth
#define EVERY_SECOND(x0, x1, x2, x3, w, first, second, third, fourth) \
    PRODUCT("r9", x0, w) \
    first PRODUCT("r10", x1, w) \
    second PRODUCT("r11", x2, w) \
    third PRODUCT("r12", x3, w) \
    fourth

/* The first two columns in a row of a window, the last two, and what is between. e, o: weights that
 * are there; e1, o1: that come next. The last ones load what the next row begins with. */
#define FIRST(now, next, e, o, e1, o1) \
    NEIGHBOURS(now, next, e, o, LOAD(next, 1), WEIGHT(e1), WEIGHT(o1), LOAD(now, 2))
#define BETWEEN(now, next, e, o, e1, o1, word) \
    NEIGHBOURS(now, next, e, o, WEIGHT(e1), WEIGHT(o1), LOAD(now, word), NOTHING)
#define LAST(now, next, e, o, e1, o1, end) \
    NEIGHBOURS(now, next, e, o, WEIGHT(e1) NEXT_ROW, WEIGHT(o1) COUNT, LOAD(now, 0), end)

/* Rows of a window of 2 or 3 columns, of 4 or 5, and of 6 or 7; and how they end. */
#define ROW_OF_2(now, next, e, o, e1, o1, end) \
    FIRST(now, next, e, o, e1, o1) \
    LAST(next, now, e1, o1, e, o, end)
#define ROW_OF_3(now, next, e, o, e1, o1, end) \
    FIRST(now, next, e, o, e1, o1) \
    BETWEEN(next, now, e1, o1, e, o, 3) \
    LAST(now, next, e, o, e1, o1, end)
#define ROW_OF_4(now, next, e, o, e1, o1, end) \
    FIRST(now, next, e, o, e1, o1) \
    BETWEEN(next, now, e1, o1, e, o, 3) \
    BETWEEN(now, next, e, o, e1, o1, 4) \
    LAST(next, now, e1, o1, e, o, end)
#define DONE "beq .Ltaps_outputs\n\t"
#define AGAIN(label) \
    "bne " label "\n\t" \
    "b .Ltaps_outputs\n\t"

#define START_NEIGHBOURS \
    LOAD("r6", 0) \
    WEIGHT("r2") \
    WEIGHT("r3")
#define START_EVERY_SECOND \
    LOAD("r4", 0) \
    LOAD("r5", 1) \
    LOAD("r6", 2) \
    LOAD("r7", 3) \
    WEIGHT("r2")

/* From a sum to an output, but for the shift by a register. r2: multiplier; r3: offset. */
#define SIGN(to, sum) "add " to ", r3, " sum ", asr #31\n\t"
#define SCALED(sum, offset) "smmlar " sum ", " sum ", r2, " offset "\n\t"
#define SHIFTED(sum) "asr " sum ", r4\n\t"
#define SATURATED(sum) "ssat " sum ", #8, " sum "\n\t"

#define ENTRY(number, label) \
    "cmp r9, #" #number "\n\t" \
    "it eq\n\t" \
    "adreq.w r8, " label "\n\t"

/* Aligned for adr. */
__attribute__((naked, aligned(4))) static void run(const mz_taps_job *job __attribute__((unused))) {
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "sub sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t"
        "mov r10, sp\n\t"
        "ldm r0!, {r1-r9}\n\t"
        "stm r10!, {r1-r9}\n\t"
        "ldm r0, {r1-r9}\n\t"
        "stm r10, {r1-r9}\n\t"
        ENTRY(0, ".Ltaps_2")
        ENTRY(1, ".Ltaps_3")
        ENTRY(2, ".Ltaps_4")
        ENTRY(3, ".Ltaps_2_second")
        ENTRY(4, ".Ltaps_3_second")
        ENTRY(5, ".Ltaps_4_second")
        "orr r8, #1\n\t"
        "str r8, " ON_STACK(ENTRY) "\n\t"
        "ldr lr, " ON_STACK(TAP_BYTES) "\n\t"
        "ldr r5, " ON_STACK(PLANES) "\n\t"

        ".Ltaps_line:\n\t"
        "ldr r6, " ON_STACK(LINE_BYTES) "\n\t"
        "add r6, r5\n\t"
        "str r6, " ON_STACK(LINE_END) "\n\t"
        ".Ltaps_group:\n\t"
        "ldr r0, " ON_STACK(PLANES) "\n\t"
        "ldr r1, " ON_STACK(WEIGHTS) "\n\t"
        "ldr r9, " ON_STACK(START) "\n\t"
        "ldr r8, " ON_STACK(TAPS_DOWN) "\n\t"
        "mov r10, r9\n\t"
        "mov r11, r9\n\t"
        "mov r12, r9\n\t"
        "ldr pc, " ON_STACK(ENTRY) "\n\t"

        ".Ltaps_2:\n\t"
        START_NEIGHBOURS
        ".Ltaps_2_rows:\n\t"
        ROW_OF_2("r6", "r7", "r2", "r3", "r4", "r5", DONE)
        ROW_OF_2("r7", "r6", "r2", "r3", "r4", "r5", AGAIN(".Ltaps_2_rows"))
        ".Ltaps_3:\n\t"
        START_NEIGHBOURS
        ".Ltaps_3_rows:\n\t"
        ROW_OF_3("r6", "r7", "r2", "r3", "r4", "r5", DONE)
        ROW_OF_3("r6", "r7", "r4", "r5", "r2", "r3", AGAIN(".Ltaps_3_rows")));
    /* The same code goes on; ISO C promises no string of over 4095 characters. */
    __asm__ volatile(
        ".Ltaps_4:\n\t"
        START_NEIGHBOURS
        ".Ltaps_4_rows:\n\t"
        ROW_OF_4("r6", "r7", "r2", "r3", "r4", "r5", DONE)
        ROW_OF_4("r7", "r6", "r2", "r3", "r4", "r5", AGAIN(".Ltaps_4_rows")));
    __asm__ volatile(
        ".Ltaps_2_second:\n\t"
        START_EVERY_SECOND
        ".Ltaps_2_second_rows:\n\t"
        EVERY_SECOND("r4", "r5", "r6", "r7", "r2", WEIGHT("r3"), LOAD("r4", 4), NEXT_ROW,
                     WEIGHT("r2") COUNT)
        EVERY_SECOND("r5", "r6", "r7", "r4", "r3", LOAD("r5", 1), LOAD("r6", 2), LOAD("r7", 3),
                     LOAD("r4", 0))
        AGAIN(".Ltaps_2_second_rows")
        ".Ltaps_3_second:\n\t"
        START_EVERY_SECOND
        ".Ltaps_3_second_rows:\n\t"
        EVERY_SECOND("r4", "r5", "r6", "r7", "r2", WEIGHT("r3"), LOAD("r4", 4), NOTHING, COUNT)
        EVERY_SECOND("r5", "r6", "r7", "r4", "r3", WEIGHT("r2"), LOAD("r5", 5), NEXT_ROW, NOTHING)
        EVERY_SECOND("r6", "r7", "r4", "r5", "r2", LOAD("r6", 2), LOAD("r7", 3), LOAD("r4", 0),
                     WEIGHT("r2") LOAD("r5", 1))
        AGAIN(".Ltaps_3_second_rows")
        ".Ltaps_4_second:\n\t"
        START_EVERY_SECOND
        ".Ltaps_4_second_rows:\n\t"
        EVERY_SECOND("r4", "r5", "r6", "r7", "r2", WEIGHT("r3"), LOAD("r4", 4), NOTHING, COUNT)
        EVERY_SECOND("r5", "r6", "r7", "r4", "r3", WEIGHT("r2"), LOAD("r5", 5), NOTHING, NOTHING)
        EVERY_SECOND("r6", "r7", "r4", "r5", "r2", WEIGHT("r3"), LOAD("r6", 6), NEXT_ROW,
                     WEIGHT("r2"))
        EVERY_SECOND("r7", "r4", "r5", "r6", "r3", LOAD("r7", 3), LOAD("r4", 0), LOAD("r5", 1),
                     LOAD("r6", 2))
        AGAIN(".Ltaps_4_second_rows"));
    __asm__ volatile(
        /* r0: where outputs go; r1: their step; r4: shift; r5..r8: offsets. */
        ".Ltaps_outputs:\n\t"
        "ldm sp, {r0-r4}\n\t"
        SIGN("r5", "r9")
        SIGN("r6", "r10")
        SCALED("r9", "r5")
        SIGN("r7", "r11")
        SCALED("r10", "r6")
        SIGN("r8", "r12")
        SCALED("r11", "r7")
        SHIFTED("r9")
        SCALED("r12", "r8")
        SATURATED("r9")
        "ldr r5, " ON_STACK(PLANES) "\n\t"
        SHIFTED("r10")
        "strb r9, [r0]\n\t"
        SATURATED("r10")
        SHIFTED("r12")
        "ldr r6, " ON_STACK(GROUP_BYTES) "\n\t"
        "strb r10, [r0, r1]\n\t"
        SATURATED("r12")
        "ldr r3, " ON_STACK(LAST) "\n\t"
        SHIFTED("r11")
        "ldr r7, " ON_STACK(LINE_END) "\n\t"
        SATURATED("r11")
        "strb r12, [r0, r3]\n\t"
        "ldr r2, " ON_STACK(GROUP_OUTPUT) "\n\t"
        "add r5, r6\n\t"
        "strb r11, [r0, r1, lsl #1]\n\t"
        "add r0, r2\n\t"
        "cmp r5, r7\n\t"
        "str r5, " ON_STACK(PLANES) "\n\t"
        "str r0, " ON_STACK(OUTPUT) "\n\t"
        "bne .Ltaps_group\n\t"
        "ldrd r6, r7, " ON_STACK(INPUT_SKIP) "\n\t"
        "ldr r8, " ON_STACK(LINES) "\n\t"
        "add r5, r6\n\t"
        "add r0, r7\n\t"
        "str r5, " ON_STACK(PLANES) "\n\t"
        "str r0, " ON_STACK(OUTPUT) "\n\t"
        "subs r8, #1\n\t"
        "str r8, " ON_STACK(LINES) "\n\t"
        "bne .Ltaps_line\n\t"
        "add sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* Windows of 3 rows of two words keep their weights in registers:
 *
 *   r0        reads planes                  r4 r5   neighbours: (w0, w1) (w1, w2)
 *   r1        bytes from row to row                 every second: (w0, w1) (w2, w3)
 *   r2 r3     activations                   r6 r7   of the second row
 *   r9..r12   the sums of four outputs      r8 lr   of the third row
 *
 * a, b: weights of a row; now: its first activations; next: the other register. from: where sums
 * begin. down, load: go on to the row below and load what it begins with. */
#define ROW_OF_3X3(now, next, a, b, from, down, load) \
    "smlad r9, " now ", " a ", " from("9") "\n\t" \
    LOAD(next, 1) \
    "smlatb r10, " now ", " a ", " from("10") "\n\t" \
    LOAD(now, 2) \
    "smlad r11, " next ", " a ", " from("11") "\n\t" \
    "smlabt r9, " next ", " b ", r9\n\t" \
    "smlad r10, " next ", " b ", r10\n\t" \
    down \
    "smlatb r12, " next ", " a ", r12\n\t" \
    load \
    "smlabt r11, " now ", " b ", r11\n\t" \
    "smlad r12, " now ", " b ", r12\n\t"
#define ROW_OF_3X3_SECOND(now, next, a, b, from, down, load) \
    "smlad r9, " now ", " a ", " from("9") "\n\t" \
    LOAD(next, 1) \
    LOAD(now, 2) \
    "smlad r10, " next ", " a ", " from("10") "\n\t" \
    "smlad r9, " next ", " b ", r9\n\t" \
    LOAD(next, 3) \
    "smlad r11, " now ", " a ", " from("11") "\n\t" \
    "smlad r10, " now ", " b ", r10\n\t" \
    LOAD(now, 4) \
    down \
    "smlad r12, " next ", " a ", r12\n\t" \
    "smlad r11, " next ", " b ", r11\n\t" \
    load \
    "smlad r12, " now ", " b ", r12\n\t"
#define FROM_START(number) "r12"
#define FROM_SUM(number) "r" number
#define DOWN "add r0, r1\n\t"

#define OPEN_3X3 \
    "push {r4-r11, lr}\n\t" \
    "sub sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t" \
    "mov r10, sp\n\t" \
    "ldm r0!, {r1-r9}\n\t" \
    "stm r10!, {r1-r9}\n\t" \
    "ldm r0, {r1-r9}\n\t" \
    "stm r10, {r1-r9}\n\t" \
    "ldr r0, " ON_STACK(WEIGHTS) "\n\t"

/* All lines. row: of a window; label: of this kind of windows. */
#define LINES_OF_3X3(row, label) \
    "ldr r0, " ON_STACK(PLANES) "\n\t" \
    label "_line:\n\t" \
    "ldr r1, " ON_STACK(LINE_BYTES) "\n\t" \
    "add r1, r0\n\t" \
    "str r1, " ON_STACK(LINE_END) "\n\t" \
    label "_group:\n\t" \
    "ldr r2, [r0]\n\t" \
    "ldr r12, " ON_STACK(START) "\n\t" \
    "ldr r1, " ON_STACK(TAP_BYTES) "\n\t" \
    row("r2", "r3", "r4", "r5", FROM_START, DOWN, LOAD("r3", 0)) \
    row("r3", "r2", "r6", "r7", FROM_SUM, DOWN, LOAD("r2", 0)) \
    row("r2", "r3", "r8", "lr", FROM_SUM, NOTHING, "ldr r3, " ON_STACK(OFFSET) "\n\t") \
    "ldr r2, " ON_STACK(MULTIPLIER) "\n\t" \
    SIGN("r0", "r9") \
    SIGN("r1", "r10") \
    SCALED("r9", "r0") \
    SIGN("r0", "r11") \
    SCALED("r10", "r1") \
    SIGN("r1", "r12") \
    "ldr r3, " ON_STACK(OUTPUT) "\n\t" \
    SCALED("r11", "r0") \
    "ldr r0, " ON_STACK(PLANES) "\n\t" \
    SCALED("r12", "r1") \
    "ldr r2, " ON_STACK(SHIFT) "\n\t" \
    "ldr r1, " ON_STACK(STEP) "\n\t" \
    "asr r9, r2\n\t" \
    "asr r10, r2\n\t" \
    SATURATED("r9") \
    "asr r12, r2\n\t" \
    "strb r9, [r3]\n\t" \
    SATURATED("r10") \
    "asr r11, r2\n\t" \
    "strb r10, [r3, r1]\n\t" \
    SATURATED("r12") \
    "ldr r2, " ON_STACK(LAST) "\n\t" \
    "ldr r10, " ON_STACK(GROUP_BYTES) "\n\t" \
    SATURATED("r11") \
    "ldr r9, " ON_STACK(LINE_END) "\n\t" \
    "strb r12, [r3, r2]\n\t" \
    "ldr r2, " ON_STACK(GROUP_OUTPUT) "\n\t" \
    "add r0, r10\n\t" \
    "strb r11, [r3, r1, lsl #1]\n\t" \
    "add r3, r2\n\t" \
    "str r0, " ON_STACK(PLANES) "\n\t" \
    "cmp r0, r9\n\t" \
    "str r3, " ON_STACK(OUTPUT) "\n\t" \
    "bne " label "_group\n\t" \
    "ldrd r1, r2, " ON_STACK(INPUT_SKIP) "\n\t" \
    "ldr r9, " ON_STACK(LINES) "\n\t" \
    "add r0, r1\n\t" \
    "add r3, r2\n\t" \
    "str r0, " ON_STACK(PLANES) "\n\t" \
    "str r3, " ON_STACK(OUTPUT) "\n\t" \
    "subs r9, #1\n\t" \
    "str r9, " ON_STACK(LINES) "\n\t" \
    "bne " label "_line\n\t" \
    "add sp, " MZ_IMMEDIATE(JOB_BYTES) "\n\t" \
    "pop {r4-r11, pc}\n\t"

__attribute__((naked)) static void run_3x3(const mz_taps_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN_3X3
        LOAD("r4", 0)
        LOAD("r5", 3)
        LOAD("r6", 4)
        LOAD("r7", 7)
        LOAD("r8", 8)
        LOAD("lr", 11)
        LINES_OF_3X3(ROW_OF_3X3, ".Ltaps_3x3"));
}

__attribute__((naked)) static void run_3x3_second(const mz_taps_job *job __attribute__((unused))) {
    __asm__ volatile(
        OPEN_3X3
        "ldm r0, {r4-r9}\n\t"
        "mov lr, r9\n\t"
        LINES_OF_3X3(ROW_OF_3X3_SECOND, ".Ltaps_3x3_second"));
}

#define NO_ENTRY (-1)

int32_t mz_taps_entry(int32_t way, int32_t words) {
    const int32_t entries = 3;
    const int32_t entry = words - 2 + (way == MZ_TAPS_NEIGHBOURS ? 0 : entries);
    return way != MZ_TAPS_APART && words >= 2 && words - 2 < entries ? entry : NO_ENTRY;
}

void mz_taps_run(const mz_taps_job *job) {
    if (job->entry == NO_ENTRY) {
        run_any(job);
    } else if (job->words == 2 && job->taps_down == 3) {
        (job->way == MZ_TAPS_NEIGHBOURS ? run_3x3 : run_3x3_second)(job);
    } else {
        run(job);
    }
}

#else

int32_t mz_taps_entry(int32_t way, int32_t words) {
    (void)way;
    (void)words;
    return 0;
}

void mz_taps_run(const mz_taps_job *job) {
    run_any(job);
}

#endif
