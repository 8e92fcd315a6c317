/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Register set-up as data, rendered from the start-up tables of a board file. */
#ifndef MZ_STEPS_H
#define MZ_STEPS_H

#include <stdint.h>

typedef enum {
    MZ_STEP_STAGE,  /* a stage begins */
    MZ_STEP_WHEN,   /* go on with the stage only if *addr & mask == value */
    MZ_STEP_UNLESS, /* go on with the stage only if *addr & mask != value */
    MZ_STEP_WRITE,  /* *addr = value */
    MZ_STEP_SET,    /* *addr |= mask */
    MZ_STEP_CLEAR,  /* *addr &= ~mask */
    MZ_STEP_TOGGLE, /* *addr ^= mask */
    MZ_STEP_MODIFY, /* *addr = (*addr & ~mask) | value */
    MZ_STEP_WAIT,   /* until *addr & mask == value */
    MZ_STEP_DELAY,  /* wait value microseconds */
} mz_step_do;

typedef struct {
    mz_step_do act;
    uint32_t addr;
    uint32_t mask;
    uint32_t value;
} mz_step;

/* Run count steps in order. Stops at the first wait that takes too long, since the next step may
 * switch to a clock that is not ready. Returns the address of the register of that wait, or 0 if
 * all went well. */
uint32_t mz_steps_run(const mz_step *steps, uint32_t count);

#endif
