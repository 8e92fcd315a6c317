#include "app/mz_image.h"

#include <stddef.h>

#include "link/mz_crc32.h"
#include "port/mz_port.h"
#include "runtime/mz_runtime.h"

static mz_image image;

const mz_image *mz_image_current(void) {
    return &image;
}

bool mz_image_is(uint32_t image_id) {
    return image.state != MZ_IMAGE_NONE && image.image_id == image_id;
}

void mz_image_forget(void) {
    image.state = MZ_IMAGE_NONE;
}

void mz_image_begin(uint32_t image_id, uint32_t input_crc32) {
    if (mz_image_is(image_id) && image.input_crc32 == input_crc32) {
        return;
    }
    image.state = MZ_IMAGE_LOADING;
    image.image_id = image_id;
    image.input_crc32 = input_crc32;
    image.next_offset = 0u;
}

bool mz_image_take(uint32_t offset, mz_span data) {
    if (offset != image.next_offset) {
        return offset <= image.next_offset;
    }
    int8_t *to = mz_runtime_input() + offset;
    for (uint32_t i = 0u; i < data.count; i++) {
        to[i] = (int8_t)data.bytes[i];
    }
    image.next_offset += data.count;
    return true;
}

/* The cycle counter wraps every few seconds; adding it up op by op measures longer inferences. */
typedef struct {
    uint32_t last;
    uint64_t total;
} stopwatch;

static void lap(uint16_t op, const int8_t *output, uint32_t output_bytes, void *context) {
    (void)op;
    (void)output;
    (void)output_bytes;
    stopwatch *watch = context;
    const uint32_t now = mz_port_cycles();
    watch->total += (uint32_t)(now - watch->last);
    watch->last = now;
}

bool mz_image_run(uint32_t input_crc32) {
    const mz_model_info *info = mz_runtime_info();
    if (mz_crc32(mz_runtime_input(), info->input.bytes) != input_crc32) {
        image.state = MZ_IMAGE_NONE;
        return false;
    }
    stopwatch watch = {mz_port_cycles(), 0u};
    const mz_status status = mz_runtime_invoke(lap, &watch);
    lap(0u, NULL, 0u, &watch);
    image.cycles = watch.total;
    image.state = status == MZ_OK ? MZ_IMAGE_DONE : MZ_IMAGE_FAILED;
    if (status == MZ_OK) {
        image.output_crc32 = mz_crc32(mz_runtime_output(), info->output.bytes);
    }
    return true;
}
