/* Runs a generated model on inputs from stdin: input.bytes in, output.bytes out, until the end.
 * With an argument every op's index (16 bits) and output come before the output.
 * WITH_ASAN, all of the arena but the slots is poisoned, as if each had a malloc of its own. */
#include <stdio.h>

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

static void write_op(
    uint16_t first_op, uint16_t op, const int8_t *output, uint32_t output_bytes, void *context) {
    (void)first_op;
    fwrite(&op, sizeof op, 1, context);
    fwrite(output, 1, output_bytes, context);
}

int main(int argc, char **argv) {
    (void)argv;
    const mz_op_hook hook = argc > 1 ? write_op : NULL;
    const mz_model_info *const info = mz_runtime_info();
    if (mz_runtime_init() != MZ_OK) {
        return 1;
    }
    POISON(mz_arena, MZ_ARENA_BYTES);
    for (uint32_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        UNPOISON(mz_arena + slots[i].offset, slots[i].bytes);
    }
    while (fread(mz_runtime_input(), 1, info->input.bytes, stdin) == info->input.bytes) {
        if (mz_runtime_invoke(hook, stdout) != MZ_OK) {
            return 2;
        }
        fwrite(mz_runtime_output(), 1, info->output.bytes, stdout);
    }
    return 0;
}
