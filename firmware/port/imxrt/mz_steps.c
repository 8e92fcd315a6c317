/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/imxrt/mz_steps.h"

#include <stdbool.h>

#include "mz_board.h"
#include "port/cortex_m7/mz_core.h"

/* Reading a peripheral register takes tens of nanoseconds, so this is tens of milliseconds: longer
 * than any oscillator, PLL or regulator here needs. */
#define MAX_POLLS 500000u

static bool holds(const mz_step *step) {
    return (MZ_REG(step->addr) & step->mask) == step->value;
}

static bool wait_for(const mz_step *step) {
    for (uint32_t poll = 0; poll < MAX_POLLS; ++poll) {
        if (holds(step)) {
            return true;
        }
    }
    return false;
}

uint32_t mz_steps_run(const mz_step *steps, uint32_t count) {
    bool skipping = false;
    for (const mz_step *step = steps; step != steps + count; ++step) {
        if (step->act == MZ_STEP_STAGE) {
            skipping = false;
        }
        if (skipping) {
            continue;
        }
        switch (step->act) {
        case MZ_STEP_STAGE:
            break;
        case MZ_STEP_WHEN:
            skipping = !holds(step);
            break;
        case MZ_STEP_UNLESS:
            skipping = holds(step);
            break;
        case MZ_STEP_WRITE:
            MZ_REG(step->addr) = step->value;
            break;
        case MZ_STEP_SET:
            MZ_REG(step->addr) |= step->mask;
            break;
        case MZ_STEP_CLEAR:
            MZ_REG(step->addr) &= ~step->mask;
            break;
        case MZ_STEP_TOGGLE:
            MZ_REG(step->addr) ^= step->mask;
            break;
        case MZ_STEP_MODIFY:
            MZ_REG(step->addr) = (MZ_REG(step->addr) & ~step->mask) | step->value;
            break;
        case MZ_STEP_WAIT:
            if (!wait_for(step)) {
                return step->addr;
            }
            break;
        case MZ_STEP_DELAY:
            mz_core_delay_us(step->value, MZ_CORE_CLOCK_HZ);
            break;
        }
        mz_core_sync();
    }
    return 0;
}
