/* Runs a fuzz target on the files that are named, without a fuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run(const char *name) {
    FILE *const file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        return 1;
    }
    const long size = ftell(file);
    rewind(file);
    uint8_t *const data = malloc((size_t)size + 1u);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) {
        return 1;
    }
    fclose(file);
    (void)LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return 0;
}

int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        if (run(names[i]) != 0) {
            fprintf(stderr, "%s cannot be read\n", names[i]);
            return 1;
        }
    }
    printf("%d files\n", count - 1);
    return 0;
}
