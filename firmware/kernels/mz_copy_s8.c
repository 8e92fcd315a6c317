/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "kernels/mz_copy_s8.h"

#include <stdbool.h>

#include "kernels/mz_copy_run.h"
#include "kernels/mz_pairs.h"

#define INNERMOST (MZ_COPY_AXES - 1)
/* The two innermost loops are written out: runs may be short. */
#define OUTER (MZ_COPY_AXES - 2)

/* Where these two begin. */
typedef struct {
    int32_t step[OUTER]; /* of the other loops */
    int32_t from, to;        /* offsets in bytes */
} place;

/* To the next round of the two innermost loops; false after the last one. */
static bool advance(const mz_copy_params *params, place *at) {
    for (int32_t axis = OUTER - 1; axis >= 0; axis--) {
        const int32_t input_stride = params->input_strides[axis];
        const int32_t output_stride = params->output_strides[axis];
        at->step[axis]++;
        if (at->step[axis] < params->sizes[axis]) {
            at->from += input_stride;
            at->to += output_stride;
            return true;
        }
        at->step[axis] = 0;
        at->from -= (params->sizes[axis] - 1) * input_stride;
        at->to -= (params->sizes[axis] - 1) * output_stride;
    }
    return false;
}

/* The two innermost loops where outputs are neighbours and inputs are not: four at a time. */
static __attribute__((noinline)) void gather(const mz_copy_params *params, const int8_t *input,
                                             int8_t *output) {
    const int32_t size = params->sizes[INNERMOST], step = params->input_strides[INNERMOST];
    const int32_t input_stride = params->input_strides[OUTER];
    const int32_t output_stride = params->output_strides[OUTER];
    for (int32_t rows = params->sizes[OUTER]; rows > 0; rows--) {
        const int8_t *from = input;
        int8_t *to = output;
        int32_t left = size - 4;
        for (; left >= 0; left -= 4, to += 4) {
            const int8_t *const behind = from + 2 * step;
            const uint32_t first = (uint8_t)*from, second = (uint8_t)from[step];
            const uint32_t third = (uint8_t)*behind, fourth = (uint8_t)behind[step];
            from = behind + 2 * step;
            mz_word_store(to, (first | second << 8) | (third | fourth << 8) << 16);
        }
        for (left += 4; left > 0; left--, from += step) {
            *to++ = *from;
        }
        input += input_stride;
        output += output_stride;
    }
}

/* The two innermost loops where a run has few bytes. */
static __attribute__((noinline)) void copy_few(const mz_copy_params *params, const int8_t *from,
                                               int8_t *to) {
    const int32_t size = params->sizes[INNERMOST], input_stride = params->input_strides[OUTER];
    const int32_t output_stride = params->output_strides[OUTER];
    for (int32_t rows = params->sizes[OUTER]; rows > 0; rows--) {
        mz_copy_few(to, from, size);
        from += input_stride;
        to += output_stride;
    }
}

void mz_copy_s8(const mz_copy_params *params, const int8_t *input, int8_t *output) {
    const int32_t size = params->sizes[INNERMOST];
    const int32_t input_stride = params->input_strides[INNERMOST];
    const int32_t output_stride = params->output_strides[INNERMOST];
    const bool together = input_stride == 1 && output_stride == 1;
    place at = {{0}, params->input_offset, params->output_offset};
    do {
        const int8_t *row = input + at.from;
        int8_t *output_row = output + at.to;
        if (!together && output_stride == 1 && size >= 4) {
            gather(params, row, output_row);
            continue;
        }
        if (together && size <= MZ_COPY_FEW) {
            copy_few(params, row, output_row);
            continue;
        }
        for (int32_t left = params->sizes[OUTER]; left > 0; left--) {
            const int8_t *from = row;
            int8_t *to = output_row;
            if (together) {
                mz_copy_run(to, from, size);
            } else {
                for (int32_t i = size; i > 0; i--, from += input_stride, to += output_stride) {
                    *to = *from;
                }
            }
            row += params->input_strides[OUTER];
            output_row += params->output_strides[OUTER];
        }
    } while (advance(params, &at));
}
