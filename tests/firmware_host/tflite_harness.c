/* Opens one .tflite file after the other: on stdin a length of four bytes and the file, on stdout a
 * line that says what was read, or what is wrong. Each file has memory of exactly its size, so that
 * the sanitizer sees any byte beyond. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/tflm/mz_tflite.h"

static void show_end(const mz_tensor_spec *end) {
    printf("|%s|%u|%.9g|%d", end->name, (unsigned)end->bytes, (double)end->scale,
           (int)end->zero_point);
    for (unsigned i = 0u; i < end->rank; i++) {
        printf("%c%u", i == 0u ? '|' : ',', end->dims[i]);
    }
}

static void show(const uint8_t *file, uint32_t bytes) {
    static uint32_t arena[64 * 1024];
    const mz_tflite_scratch scratch = {arena, sizeof arena};
    mz_tflite model = {0};
    const mz_fb_fault fault = mz_tflite_open(&model, file, bytes, scratch, sizeof arena);
    if (fault.text != NULL) {
        const char *const name = fault.name != NULL ? fault.name : "";
        const char *const part = fault.part != NULL ? fault.part : "";
        printf("no|%s|%s|%u%s%s", fault.text, part, (unsigned)fault.index,
               name[0] != '\0' ? " " : "", name);
    } else {
        printf("yes|%u", model.op_count);
        show_end(&model.input);
        show_end(&model.output);
        for (uint16_t op = 0u; op < model.op_count; op++) {
            uint32_t size;
            const uint16_t tensor = mz_tflite_op_output(&model, op, &size);
            printf("%c%u:%u", op == 0u ? '|' : ',', tensor, (unsigned)size);
        }
    }
    putchar('\n');
    fflush(stdout);
}

int main(void) {
    uint8_t head[4];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        const uint32_t bytes = (uint32_t)head[0] | (uint32_t)head[1] << 8 |
                               (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
        uint8_t *file = malloc(bytes);
        if (file == NULL || fread(file, 1, bytes, stdin) != bytes) {
            return 1;
        }
        show(file, bytes);
        free(file);
    }
    return 0;
}
