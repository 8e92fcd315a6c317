/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The firmware as a POSIX process: the serial line is stdin and stdout. The process that started it
 * is the reset button: exit status MZ_HOST_RESET asks for a new start. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "port/mz_port.h"

#define MZ_HOST_RESET 75
#define IDLE_WAIT_MS 20
#define DEFAULT_BAUD 115200u
#define MAX_BAUD 4000000u

/* Bytes that arrive while the firmware writes. */
static uint8_t ring[16384];
static uint32_t ring_read;
static uint32_t ring_write;
static uint32_t overruns;

static void leave_unless_interrupted(void) {
    if (errno != EINTR && errno != EAGAIN) {
        _exit(1);
    }
}

static void drain_stdin(void) {
    uint8_t bytes[1024];
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count == 0) {
        _exit(0);
    }
    if (count < 0) {
        leave_unless_interrupted();
        return;
    }
    for (ssize_t i = 0; i < count; i++) {
        if (ring_write - ring_read == sizeof(ring)) {
            overruns++;
        } else {
            ring[ring_write++ % sizeof(ring)] = bytes[i];
        }
    }
}

void mz_port_init(void) {
    mz_port_set_baud(DEFAULT_BAUD);
}

/* Sleeps for a moment if nothing has arrived, so that an idle board takes no CPU time. */
uint32_t mz_port_read(uint8_t *dst, uint32_t capacity) {
    struct pollfd in = {STDIN_FILENO, POLLIN, 0};
    if (ring_read == ring_write && poll(&in, 1, IDLE_WAIT_MS) > 0) {
        drain_stdin();
    }
    uint32_t count = 0u;
    while (count < capacity && ring_read != ring_write) {
        dst[count++] = ring[ring_read++ % sizeof(ring)];
    }
    return count;
}

void mz_port_write(const uint8_t *src, uint32_t bytes) {
    while (bytes != 0u) {
        struct pollfd ends[2] = {{STDIN_FILENO, POLLIN, 0}, {STDOUT_FILENO, POLLOUT, 0}};
        if (poll(ends, 2, -1) < 0) {
            leave_unless_interrupted();
            continue;
        }
        if (ends[0].revents != 0) {
            drain_stdin();
        }
        if (ends[1].revents != 0) {
            const ssize_t count = write(STDOUT_FILENO, src, bytes);
            if (count < 0) {
                leave_unless_interrupted();
                continue;
            }
            src += count;
            bytes -= (uint32_t)count;
        }
    }
}

uint32_t mz_port_overruns(void) {
    return overruns;
}

/* The pipe holds more while the firmware works. */
uint32_t mz_port_receive_bytes(void) {
    return sizeof(ring);
}

static uint32_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)now.tv_sec * 1000000000u + (uint32_t)now.tv_nsec;
}

/* A pipe has no rate. The file that MZ_HOST_BAUD names gets it, for what stands for the line. */
void mz_port_set_baud(uint32_t baud) {
    const char *name = getenv("MZ_HOST_BAUD");
    const int file = name == NULL ? -1 : open(name, O_WRONLY | O_CREAT, 0600);
    if (file >= 0) {
        (void)!pwrite(file, &baud, sizeof(baud), 0);
        close(file);
    }
}

mz_port_rates mz_port_uart(void) {
    return (mz_port_rates){0u, DEFAULT_BAUD};
}

uint32_t mz_port_closest_baud(uint32_t baud) {
    return baud <= MAX_BAUD ? baud : 0u;
}

static uint32_t ticked;

void mz_port_count_ticks(bool on) {
    (void)on;
    ticked = nanoseconds();
}

bool mz_port_tick(void) {
    if (nanoseconds() - ticked < MZ_PORT_TICK_MS * 1000000u) {
        return false;
    }
    ticked = nanoseconds();
    return true;
}

static bool cycles_held;
static uint32_t held_at;
static uint32_t held_for;

/* Nanoseconds: the "core clock" of the host is 1 GHz. */
uint32_t mz_port_cycles(void) {
    return (cycles_held ? held_at : nanoseconds()) - held_for;
}

void mz_port_hold_cycles(bool still) {
    if (still && !cycles_held) {
        held_at = nanoseconds();
    } else if (!still && cycles_held) {
        held_for += nanoseconds() - held_at;
    }
    cycles_held = still;
}

uint32_t mz_port_cpuid(void) {
    return 0u;
}

/* A host has no clocks to wait for; a test can simulate a failure by the environment. */
uint32_t mz_port_boot_failure(void) {
    const char *address = getenv("MZ_HOST_BOOT_FAILURE");
    return address == NULL ? 0u : (uint32_t)strtoul(address, NULL, 16);
}

/* Nothing survives the end of a process. */
mz_early_faults mz_port_early_faults(void) {
    return (mz_early_faults){0u, 0u, 0u};
}

mz_stack_use mz_port_stack(void) {
    return (mz_stack_use){0u, 0u};
}

bool mz_port_stack_guarded(void) {
    return true;
}

/* The file that MZ_HOST_RETAINED names survives the process; without it nothing does. */
void *mz_port_retained(void) {
    static uint32_t lost[MZ_PORT_RETAINED_BYTES / sizeof(uint32_t)];
    static void *kept;
    const char *name = getenv("MZ_HOST_RETAINED");
    if (kept == NULL && name != NULL) {
        const int file = open(name, O_RDWR | O_CREAT, 0600);
        if (file >= 0 && ftruncate(file, MZ_PORT_RETAINED_BYTES) == 0) {
            kept = mmap(NULL, MZ_PORT_RETAINED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        }
        kept = kept == MAP_FAILED ? NULL : kept;
    }
    return kept != NULL ? kept : lost;
}

/* A host does not guard memory. */
void mz_port_guard_room(uint32_t room, bool guarded) {
    (void)room;
    (void)guarded;
}

void mz_port_reset(void) {
    _exit(MZ_HOST_RESET);
}
