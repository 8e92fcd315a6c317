// The adapter on this machine: `harness FIRST` runs the model once on an input that starts with
// the byte FIRST and prints what the application would see.
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
#include "runtime/mz_runtime.h"
}

static void show(uint16_t first, uint16_t op, const int8_t *output, uint32_t bytes, void *context) {
    std::printf("op %u-%u %d %u %s\n", first, op, output[0], bytes,
                static_cast<const char *>(context));
}

static void show_use(const char *what, mz_status status) {
    const mz_arena_use use = mz_runtime_arena_use();
    std::printf("%s: %d used %u head %u tail %u recorded %u", what, status, use.used_bytes,
                use.head_bytes, use.tail_bytes, use.recorded ? use.parts[MZ_ARENA_NODES].used : 0u);
    std::printf(" '%s'\n", mz_runtime_error());
}

/* `harness BYTES RECORDED...`: one trial for each pair, then the whole arena again. */
static int measure(int count, char **arguments) {
    show_use("init", mz_runtime_init());
    for (int i = 0; i + 1 < count; i += 2) {
        const uint32_t bytes = static_cast<uint32_t>(std::atoi(arguments[i]));
        show_use(arguments[i], mz_runtime_init_within(bytes, arguments[i + 1][0] == '1'));
    }
    show_use("whole", mz_runtime_init());
    return 0;
}

int main(int count, char **arguments) {
    if (count > 2) {
        return measure(count - 1, arguments + 1);
    }

    const mz_model_info *before = mz_runtime_info();
    std::printf("%s %u %u\n", before->runtime, before->arena_bytes, before->arena_used);
    if (mz_runtime_init() != MZ_OK) {
        std::printf("init: %s\n", mz_runtime_error());
        return 0;
    }
    std::printf("used %u error '%s'\n", mz_runtime_info()->arena_used, mz_runtime_error());
    std::memset(mz_runtime_input(), std::atoi(arguments[1]), before->input.bytes);
    char context[] = "here";
    if (mz_runtime_invoke(show, context) != MZ_OK) {
        std::printf("invoke: %s\n", mz_runtime_error());
        return 0;
    }
    std::printf("output %d\n", mz_runtime_output()[0]);
    return 0;
}
