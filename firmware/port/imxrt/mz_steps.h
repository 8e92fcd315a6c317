/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Register set-up as data: what a board file's start-up tables become. */
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
    MZ_STEP_DELAY,  /* let value microseconds pass */
} mz_step_do;

typedef struct {
    mz_step_do act;
    uint32_t addr;
    uint32_t mask;
    uint32_t value;
} mz_step;

/* Take count steps in order. Ends at the first wait that takes too long, since the next step may
 * switch to what never became ready: returns the address of its register, 0 when all went well. */
uint32_t mz_steps_run(const mz_step *steps, uint32_t count);

#endif
