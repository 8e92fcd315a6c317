/* Any bytes as a .tflite file that came over the link: the board's reader takes or refuses it. The
 * file has memory of exactly its size, so that the sanitizer sees any byte beyond. */
// sources: firmware/runtime/tflm/mz_tflite*.c firmware/runtime/tflm/mz_flatbuffer.c
#include <stdlib.h>
#include <string.h>

#include "runtime/tflm/mz_tflite.h"

#define ALIGNMENT 16u

static volatile uint32_t seen;

static void look_at(const mz_tflite *model) {
    seen += model->input.bytes + model->output.bytes;
    seen += (uint32_t)strlen(model->input.name) + (uint32_t)strlen(model->output.name);
    for (uint16_t op = 0u; op < model->op_count; op++) {
        uint32_t bytes;
        seen += mz_tflite_op_output(model, op, &bytes) + bytes;
        seen += (uint32_t)strlen(mz_tflite_name_of(model, op));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint32_t arena[64 * 1024];
    const mz_tflite_scratch scratch = {arena, sizeof arena};
    uint8_t *const file = malloc(size + (size == 0u));
    if (file == NULL || (uintptr_t)file % ALIGNMENT != 0u) {
        abort();
    }
    memcpy(file, data, size);
    mz_tflite model = {0};
    const mz_fb_fault fault = mz_tflite_open(&model, file, (uint32_t)size, scratch, sizeof arena);
    if (fault.text == NULL) {
        look_at(&model);
    } else {
        seen += (uint32_t)strlen(fault.text);
    }
    free(file);
    return 0;
}
