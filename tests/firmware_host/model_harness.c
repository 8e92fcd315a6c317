/* Runs a generated model on inputs from stdin: input.bytes in, output.bytes out, until the end.
 * With an argument "layers" every op's index (16 bits) and output come before the output.
 * A model that consumes its input as it arrives gets it in pieces, cut at random from the seed that
 * may be the second argument; now and then an input is begun and not ended.
 * WITH_ASAN, all of the arena but the slots is poisoned, as if each had a malloc of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mz_model.h"
#include "mz_slots.h"

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(start, bytes) ASAN_POISON_MEMORY_REGION(start, bytes)
#define UNPOISON(start, bytes) ASAN_UNPOISON_MEMORY_REGION(start, bytes)
#else
#define POISON(start, bytes) ((void)(start), (void)(bytes))
#define UNPOISON(start, bytes) ((void)(start), (void)(bytes))
#endif

static const struct {
    uint32_t offset, bytes;
} slots[] = {MZ_SLOTS};

static void write_op(uint16_t first_op, uint16_t op, const int8_t *output, uint32_t output_bytes,
                     void *context) {
    (void)first_op;
    fwrite(&op, sizeof op, 1, context);
    fwrite(output, 1, output_bytes, context);
}

#ifdef MZ_ROW_STAGES
static uint32_t seed = 1;

static uint32_t draw(uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

/* The input's first `end` bytes. */
static void feed(const int8_t *input, uint32_t end) {
    mz_runtime_input_begin();
    for (uint32_t done = 0; done < end;) {
        uint32_t room;
        int8_t *const to = mz_runtime_input_room(&room);
        const uint32_t left = end - done < room ? end - done : room;
        const uint32_t count = draw(4u) == 0u ? 1u : 1u + draw(left);
        memcpy(to, input + done, count);
        mz_runtime_input_taken(count);
        done += count;
    }
}

static bool read_input(uint32_t bytes) {
    static int8_t *input;
    input = input == NULL ? malloc(bytes) : input;
    if (fread(input, 1, bytes, stdin) != bytes) {
        free(input);
        return false;
    }
    if (draw(2u) == 0u) {
        feed(input, draw(bytes));
    }
    feed(input, bytes);
    return true;
}
#else
static uint32_t seed;

static bool read_input(uint32_t bytes) {
    return fread(mz_runtime_input(), 1, bytes, stdin) == bytes;
}
#endif

int main(int argc, char **argv) {
    const mz_op_hook hook = argc > 1 && strcmp(argv[1], "layers") == 0 ? write_op : NULL;
    seed = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : seed;
    const mz_model_info *const info = mz_runtime_info();
    if (mz_runtime_init() != MZ_OK) {
        return 1;
    }
    POISON(mz_arena, MZ_ARENA_BYTES);
    for (uint32_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        UNPOISON(mz_arena + slots[i].offset, slots[i].bytes);
    }
    while (read_input(info->input.bytes)) {
        if (mz_runtime_invoke(hook, stdout) != MZ_OK) {
            return 2;
        }
        fwrite(mz_runtime_output(), 1, info->output.bytes, stdout);
    }
    return 0;
}
