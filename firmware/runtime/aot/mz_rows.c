/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "runtime/aot/mz_rows.h"

#include <stdbool.h>
#include <stddef.h>

/* The next band of a stage. */
typedef struct {
    int32_t count;       /* output rows; 0 if all are made */
    int32_t top, bottom; /* input rows that its windows cover; may lie outside the image */
    int32_t first, end;  /* those of them inside the image */
} next_band;

static int32_t clip(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

static next_band find_next(const mz_row_stage *stage, const mz_row_state *state) {
    next_band next;
    next.count = clip(stage->output_rows - state->made, 0, stage->band_rows);
    next.top = state->made * stage->stride - stage->pad_top;
    next.bottom = next.top + (next.count - 1) * stage->stride + stage->window;
    next.first = clip(next.top, 0, stage->input_rows);
    next.end = clip(next.bottom, 0, stage->input_rows);
    return next;
}

static int32_t bytes_needed(const mz_row_stage *stage, const mz_row_state *state) {
    return (find_next(stage, state).end - state->first) * stage->input_row_bytes;
}

static bool is_done(const mz_row_stage *stage, const mz_row_state *state) {
    return state->made == stage->output_rows;
}

static bool is_ready(const mz_row_stage *stage, const mz_row_state *state) {
    return !is_done(stage, state) && state->bytes >= bytes_needed(stage, state);
}

/* Move to lower addresses; source and target may overlap. */
static void move_down(int8_t *to, const int8_t *from, int32_t bytes) {
    int32_t i = 0;
    for (; from - to >= 4 && i + 4 <= bytes; i += 4) {
        __builtin_memcpy(to + i, from + i, 4);
    }
    for (; i < bytes; i++) {
        to[i] = from[i];
    }
}

/* The first input row that a later band reads, of this stage or of the one that it keeps rows for;
 * the image's height if there is none. */
static int32_t find_kept(const mz_row_stage *stage, const mz_row_state *state) {
    int32_t first = is_done(stage, state) ? stage->input_rows : find_next(stage, state).first;
    if (stage->ahead > 0 && state[stage->ahead].made < first) {
        first = state[stage->ahead].made;
    }
    return first;
}

/* Remove rows that no later band reads, to make room for new ones. */
static void drop(const mz_row_stage *stage, mz_row_state *state) {
    if (stage->whole) {
        return;
    }
    const int32_t held = state->bytes / stage->input_row_bytes;
    const int32_t rows = clip(find_kept(stage, state) - state->first, 0, held);
    const int32_t bytes = rows * stage->input_row_bytes;
    state->first += rows;
    state->bytes -= bytes;
    if (bytes > 0) {
        move_down(stage->buffer, stage->buffer + bytes, state->bytes);
    }
}

/* The second operand's rows for the next band; NULL without one. */
static const int8_t *find_side(const mz_row_stage *stage, const mz_row_state *state) {
    if (stage->back == 0) {
        return NULL;
    }
    const mz_row_stage *const from = stage - stage->back;
    return from->buffer + (state->made - state[-stage->back].first) * from->input_row_bytes;
}

/* Makes one band. If the next stage is done, its buffer is written, and then emptied by drop. */
static void run_band(const mz_rows *rows, int32_t at) {
    const mz_row_stage *const stage = &rows->stages[at];
    mz_row_state *const state = &rows->states[at];
    const next_band next = find_next(stage, state);
    const mz_band band = {
        .input_rows = next.end - next.first,
        .output_rows = next.count,
        .pad_top = clip(-next.top, 0, next.bottom - next.top),
        .pad_bottom = clip(next.bottom - stage->input_rows, 0, next.bottom - next.top),
        .first_row = state->made,
        .side = find_side(stage, state),
    };
    const int32_t made_bytes = next.count * stage->output_row_bytes;
    const int8_t *const input =
        stage->buffer + (next.first - state->first) * stage->input_row_bytes;
    if (at + 1 == rows->count) {
        stage->run(&band, input, stage->output + state->made * stage->output_row_bytes);
    } else {
        mz_row_state *const after = &rows->states[at + 1];
        stage->run(&band, input, rows->stages[at + 1].buffer + after->bytes);
        after->bytes += made_bytes;
        drop(&rows->stages[at + 1], after);
    }
    state->made += next.count;
    drop(stage, state);
    if (stage->back > 0) {
        drop(stage - stage->back, state - stage->back);
    }
}

/* A stage runs only when the next one needs rows: so the next one's buffer has room for them. */
static void run_all(const mz_rows *rows) {
    int32_t at = rows->count - 1;
    while (at >= 0) {
        if (is_ready(&rows->stages[at], &rows->states[at])) {
            run_band(rows, at);
            at = at + 1 < rows->count ? at + 1 : at;
        } else {
            at--;
        }
    }
}

void mz_rows_begin(const mz_rows *rows) {
    for (int32_t i = 0; i < rows->count; i++) {
        rows->states[i] = (mz_row_state){0, 0, 0};
    }
    run_all(rows);
}

void mz_rows_run(const mz_rows *rows) {
    for (int32_t i = 0; i < rows->count; i++) {
        rows->states[i] = (mz_row_state){0, 0, 0};
    }
    rows->states->bytes = rows->stages->input_rows * rows->stages->input_row_bytes;
    run_all(rows);
}

int8_t *mz_rows_room(const mz_rows *rows, int32_t *bytes) {
    const mz_row_stage *const stage = rows->stages;
    const mz_row_state *const state = rows->states;
    *bytes =
        is_done(stage, state) ? stage->input_row_bytes : bytes_needed(stage, state) - state->bytes;
    return stage->buffer + state->bytes;
}

void mz_rows_taken(const mz_rows *rows, int32_t bytes) {
    rows->states->bytes += bytes;
    if (is_done(rows->stages, rows->states)) {
        rows->states->bytes = 0;
    } else if (is_ready(rows->stages, rows->states)) {
        run_all(rows);
    }
}
