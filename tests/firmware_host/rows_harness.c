/* mz_rows.c with kernels that sum up their windows, in buffers of exactly the declared size.
 *
 * stdin, in words of 32 bits: how many stages; of each rows, bytes of a row, window, stride and
 * padding on top, output rows and output rows at a time; how many pieces, and the bytes of each;
 * then the input. stdout: the last stage's output. An output byte is the sum of its column's input
 * bytes, each times its place in the window, and of the place alone outside the image. All rows are
 * as long as the input's. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/aot/mz_rows.h"

#define MOST_STAGES 4

static mz_row_stage stages[MOST_STAGES];

static void run(int32_t at, const mz_band *band, const int8_t *input, int8_t *output) {
    const mz_row_stage *const stage = &stages[at];
    const int32_t covered = (band->output_rows - 1) * stage->stride + stage->window;
    if (band->input_rows + band->pad_top + band->pad_bottom != covered) {
        abort();
    }
    for (int32_t y = 0; y < band->output_rows; y++) {
        for (int32_t x = 0; x < stage->output_row_bytes; x++) {
            int32_t sum = 0;
            for (int32_t tap = 0; tap < stage->window; tap++) {
                const int32_t row = y * stage->stride + tap - band->pad_top;
                const bool inside = row >= 0 && row < band->input_rows;
                sum += (tap + 1) * (inside ? input[row * stage->input_row_bytes + x] : 1);
            }
            output[y * stage->output_row_bytes + x] = (int8_t)(uint8_t)sum;
        }
    }
}

static void run_0(const mz_band *band, const int8_t *input, int8_t *output) {
    run(0, band, input, output);
}

static void run_1(const mz_band *band, const int8_t *input, int8_t *output) {
    run(1, band, input, output);
}

static void run_2(const mz_band *band, const int8_t *input, int8_t *output) {
    run(2, band, input, output);
}

static void run_3(const mz_band *band, const int8_t *input, int8_t *output) {
    run(3, band, input, output);
}

static void read_all(void *to, size_t bytes) {
    if (fread(to, 1, bytes, stdin) != bytes) {
        exit(2);
    }
}

static int32_t read_word(void) {
    int32_t word;
    read_all(&word, sizeof(word));
    return word;
}

int main(void) {
    static void (*const kernels[])(const mz_band *, const int8_t *, int8_t *) = {run_0, run_1,
                                                                                 run_2, run_3};
    mz_row_state states[MOST_STAGES];
    const mz_rows rows = {stages, states, read_word()};
    for (int32_t i = 0; i < rows.count; i++) {
        mz_row_stage *const stage = &stages[i];
        stage->run = kernels[i];
        stage->input_rows = read_word();
        stage->input_row_bytes = stage->output_row_bytes = read_word();
        stage->window = read_word();
        stage->stride = read_word();
        stage->pad_top = read_word();
        stage->output_rows = read_word();
        stage->band_rows = read_word();
        const int32_t arriving = i == 0 ? 1 : stages[i - 1].band_rows;
        const int32_t most = stage->window > stage->stride ? stage->window : stage->stride;
        const int32_t held = (stage->band_rows - 1) * stage->stride + most + arriving - 1;
        stage->buffer = malloc((size_t)(held * stage->input_row_bytes));
    }
    mz_row_stage *const last = &stages[rows.count - 1];
    const int32_t output_bytes = last->output_rows * last->output_row_bytes;
    last->output = malloc((size_t)output_bytes);
    const int32_t pieces = read_word();
    int32_t *const sizes = malloc(sizeof(int32_t) * (size_t)(pieces + 1));
    read_all(sizes, sizeof(int32_t) * (size_t)pieces);

    mz_rows_begin(&rows);
    for (int32_t i = 0; i < pieces; i++) {
        for (int32_t left = sizes[i]; left > 0;) {
            int32_t room;
            int8_t *const to = mz_rows_room(&rows, &room);
            if (room < 1) {
                return 3;
            }
            const int32_t count = left < room ? left : room;
            read_all(to, (size_t)count);
            mz_rows_taken(&rows, count);
            left -= count;
        }
    }
    fwrite(last->output, 1, (size_t)output_bytes, stdout);
    for (int32_t i = 0; i < rows.count; i++) {
        if (states[i].made != stages[i].output_rows) {
            return 4;
        }
        free(stages[i].buffer);
    }
    free(last->output);
    free(sizes);
    return 0;
}
