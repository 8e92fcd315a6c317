/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#define _POSIX_C_SOURCE 200809L

#include "port/posix/mz_posix.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "port/mz_port.h"

/* Bytes that arrive while the firmware writes. */
static uint8_t ring[16384];
static uint32_t ring_read;
static uint32_t ring_write;
static uint32_t overruns;

static bool passes(void) {
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

/* False if the other end is lost. */
static bool take(int input) {
    uint8_t bytes[1024];
    const ssize_t count = read(input, bytes, sizeof(bytes));
    if (count == 0 || (count < 0 && !passes())) {
        mz_posix_lost(count == 0 ? 0 : 1);
        return false;
    }
    for (ssize_t i = 0; i < count; i++) {
        if (ring_write - ring_read == sizeof(ring)) {
            overruns++;
        } else {
            ring[ring_write++ % sizeof(ring)] = bytes[i];
        }
    }
    return true;
}

/* Waits for a moment if nothing has arrived, so that an idle board takes no CPU time. */
static void wait_for_bytes(void) {
    const mz_ends ends = mz_posix_ends();
    struct pollfd both[2] = {{ends.input, POLLIN, 0}, {mz_posix_door(), POLLIN, 0}};
    if (poll(both, 2, ends.idle_ms) <= 0) {
        return;
    }
    /* An end that has closed says so before somebody else may come. */
    if (ends.input >= 0 && both[0].revents != 0) {
        (void)take(ends.input);
    } else if (both[1].revents != 0) {
        mz_posix_open_door();
    }
}

uint32_t mz_port_read(uint8_t *dst, uint32_t capacity) {
    if (ring_read == ring_write) {
        wait_for_bytes();
    }
    uint32_t count = 0u;
    while (count < capacity && ring_read != ring_write) {
        dst[count++] = ring[ring_read++ % sizeof(ring)];
    }
    return count;
}

void mz_port_write(const uint8_t *src, uint32_t bytes) {
    while (bytes != 0u) {
        const mz_ends ends = mz_posix_ends();
        struct pollfd both[2] = {{ends.input, POLLIN, 0}, {ends.output, POLLOUT, 0}};
        if (ends.output < 0) {
            return;
        }
        const int ready = poll(both, 2, ends.patience_ms);
        if (ready == 0 || (ready < 0 && !passes())) {
            mz_posix_lost(1);
            return;
        }
        if (ready < 0) {
            continue;
        }
        if (both[0].revents != 0 && !take(ends.input)) {
            return;
        }
        if (both[1].revents != 0) {
            const ssize_t count = write(ends.output, src, bytes);
            if (count < 0 && !passes()) {
                mz_posix_lost(1);
                return;
            }
            src += count < 0 ? 0 : count;
            bytes -= count < 0 ? 0u : (uint32_t)count;
        }
    }
}

uint32_t mz_port_overruns(void) {
    return overruns;
}

/* Pipe, socket or terminal hold more while the firmware works. */
uint32_t mz_port_receive_bytes(void) {
    return sizeof(ring);
}

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec now = {0, 0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t ticked;

void mz_port_count_ticks(bool on) {
    (void)on;
    ticked = nanoseconds(CLOCK_MONOTONIC);
}

bool mz_port_tick(void) {
    const uint64_t now = nanoseconds(CLOCK_MONOTONIC);
    if (now - ticked < MZ_PORT_TICK_MS * 1000000u) {
        return false;
    }
    ticked = now;
    return true;
}

static bool cycles_held;
static uint64_t held_at;
static uint64_t held_for;

static uint64_t count(void) {
    return nanoseconds(mz_posix_count_clock());
}

mz_count mz_port_cycles(void) {
    return (mz_count)((cycles_held ? held_at : count()) - held_for);
}

void mz_port_hold_cycles(bool still) {
    if (still && !cycles_held) {
        held_at = count();
    } else if (!still && cycles_held) {
        held_for += count() - held_at;
    }
    cycles_held = still;
}

/* A process has neither start-up that could fail before its console is up, nor a stack of its own
 * making, nor memory to guard. */
mz_early_faults mz_port_early_faults(void) {
    return (mz_early_faults){0u, 0u, 0u};
}

mz_stack_use mz_port_stack(void) {
    return (mz_stack_use){0u, 0u};
}

bool mz_port_stack_guarded(void) {
    return true;
}

void mz_port_guard_room(uint32_t room, bool guarded) {
    (void)room;
    (void)guarded;
}
