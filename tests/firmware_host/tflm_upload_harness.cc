// The adapter of a universal firmware on this machine: loads each file that is named, says what the
// board would say, and runs it once.
#include <cstdio>
#include <cstring>

extern "C" {
#include "runtime/mz_runtime.h"
#include "upload/slot/mz_model_slot.h"
}

static void show(uint16_t first, uint16_t last, const int8_t *output, uint32_t bytes, void *) {
    std::printf("op %u-%u %d %u\n", first, last, output[0], bytes);
}

static void describe(const char *what) {
    const mz_model_info *info = mz_runtime_info();
    std::printf("%s %s %u %u '%s' %u '%s' %u ops %u sha %02x error '%s'\n", what, info->runtime,
                info->arena_bytes, info->arena_used, info->input.name, info->input.bytes,
                info->output.name, info->output.bytes, info->op_count, info->model_sha256[0],
                mz_runtime_error());
}

int main(int count, char **names) {
    std::printf("init %d\n", mz_runtime_init());
    describe("none");
    for (int i = 1; i < count; ++i) {
        uint8_t *room = mz_model_rooms[0].bytes;
        std::FILE *file = std::fopen(names[i], "rb");
        const std::size_t bytes = std::fread(room, 1, mz_model_rooms[0].capacity, file);
        std::fclose(file);
        uint8_t digest[32];
        std::memset(digest, 0xa0 + i, sizeof digest);
        const mz_status status = mz_runtime_load(room, static_cast<uint32_t>(bytes), digest);
        std::printf("load %d\n", status);
        describe(status == MZ_OK ? "loaded" : "refused");
        if (status == MZ_OK) {
            std::memset(mz_runtime_input(), 7, mz_runtime_info()->input.bytes);
            const mz_status ran = mz_runtime_invoke(show, nullptr);
            std::printf("invoke %d output %d\n", ran, mz_runtime_output()[0]);
        }
    }
    mz_runtime_unload();
    describe("unloaded");
    return 0;
}
