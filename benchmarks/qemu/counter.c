/* A TCG plugin for qemu-system-arm that counts executed instructions.
 *
 *   -plugin ./counter.so,mark=ADDRESS,begin=ADDRESS,end=ADDRESS,place=FIRST:END,...,out=FILE
 *
 * FILE gets "mark N" whenever the function at `mark` is entered, N being the instructions executed
 * before it; "place K N" whenever execution comes into the K-th place, [FIRST, END), from another
 * one or for the first time after a mark; and at the end "block ADDRESS INSTRUCTIONS TIMES" for every translated block that ran
 * between the functions `begin` and `end`. Addresses are hexadecimal. What lies in no place leaves
 * the place as it is, so that a function's place has what the function calls, too.
 *
 * A block is counted when it is entered: exact as long as nothing leaves one in the middle, which
 * faults and interrupts would do. Instructions of an IT block count whether they take effect or not.
 * The declarations stand in for qemu-plugin.h, which distributions do not ship; these few functions
 * have been the same since QEMU 4.2. */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef QEMU_PLUGIN_API
#define QEMU_PLUGIN_API 1
#endif
#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
void qemu_plugin_register_vcpu_tb_trans_cb(
    plugin_id id, void (*translated)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *tb, void (*executed)(unsigned, void *), int flags, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*ended)(plugin_id, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

EXPORT int qemu_plugin_version = QEMU_PLUGIN_API;

#define MOST_PLACES 32
#define NOWHERE (-1)

typedef struct block {
    struct block *next;
    uint64_t address;
    uint64_t instructions;
    int place;
    uint64_t times; /* within the window */
} block;

static block *blocks;
static uint64_t executed;
static bool window_open;
static uint64_t mark, window_begin, window_end;
static struct {
    uint64_t first, end;
} places[MOST_PLACES];
static int count_of_places;
static int present = NOWHERE;
static FILE *out;

static int place_of(uint64_t address) {
    for (int i = 0; i < count_of_places; i++) {
        if (places[i].first <= address && address < places[i].end) {
            return i;
        }
    }
    return NOWHERE;
}

static void count(unsigned cpu, void *data) {
    (void)cpu;
    block *entered = data;
    if (entered->address == mark) {
        fprintf(out, "mark %" PRIu64 "\n", executed);
        present = NOWHERE;
    } else if (entered->address == window_begin) {
        window_open = true;
    } else if (entered->address == window_end) {
        window_open = false;
    }
    if (entered->place != NOWHERE && entered->place != present) {
        present = entered->place;
        fprintf(out, "place %d %" PRIu64 "\n", present, executed);
    }
    executed += entered->instructions;
    entered->times += window_open;
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb) {
    (void)id;
    block *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL) {
        abort();
    }
    fresh->next = blocks;
    fresh->address = qemu_plugin_tb_vaddr(tb);
    fresh->instructions = qemu_plugin_tb_n_insns(tb);
    fresh->place = place_of(fresh->address);
    blocks = fresh;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, count, 0, fresh);
}

static void finish(plugin_id id, void *data) {
    (void)id;
    (void)data;
    for (const block *at = blocks; at != NULL; at = at->next) {
        if (at->times != 0) {
            fprintf(
                out, "block %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", at->address,
                at->instructions, at->times);
        }
    }
    fclose(out);
}

EXPORT int
qemu_plugin_install(plugin_id id, const void *info, int count_of_arguments, char **arguments);

EXPORT int
qemu_plugin_install(plugin_id id, const void *info, int count_of_arguments, char **arguments) {
    (void)info;
    for (int i = 0; i < count_of_arguments; i++) {
        const char *equals = strchr(arguments[i], '=');
        if (equals == NULL) {
            return 1;
        }
        const size_t length = (size_t)(equals - arguments[i]);
        char *rest = NULL;
        const uint64_t address = strtoull(equals + 1, &rest, 16);
        if (strncmp(arguments[i], "mark", length) == 0) {
            mark = address;
        } else if (strncmp(arguments[i], "begin", length) == 0) {
            window_begin = address;
        } else if (strncmp(arguments[i], "end", length) == 0) {
            window_end = address;
        } else if (strncmp(arguments[i], "place", length) == 0) {
            if (*rest != ':' || count_of_places == MOST_PLACES) {
                return 1;
            }
            places[count_of_places].first = address;
            places[count_of_places++].end = strtoull(rest + 1, NULL, 16);
        } else if (strncmp(arguments[i], "out", length) == 0) {
            out = fopen(equals + 1, "w");
        }
    }
    if (out == NULL) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
