// The adapter on this machine: `harness FIRST` runs the model once on an input that starts with
// the byte FIRST and prints what the application would see.
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
#include "runtime/mz_runtime.h"
}

static void show(
    uint16_t first, uint16_t op, const int8_t *output, uint32_t bytes, void *context) {
    std::printf("op %u-%u %d %u %s\n", first, op, output[0], bytes, static_cast<const char *>(context));
}

int main(int, char **arguments) {
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
