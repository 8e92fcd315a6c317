/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The firmware as a process of the tests: the serial line is stdin and stdout. The process that
 * started it is the reset button: exit status MZ_HOST_RESET asks for a new start. */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "port/mz_port.h"
#include "port/posix/mz_posix.h"

#define MZ_HOST_RESET 75
#define DEFAULT_BAUD 115200u
#define MAX_BAUD 4000000u

mz_ends mz_posix_ends(void) {
    return (mz_ends){STDIN_FILENO, STDOUT_FILENO, -1, 20};
}

void mz_posix_lost(int status) {
    _exit(status);
}

int mz_posix_door(void) {
    return -1;
}

void mz_posix_open_door(void) {
}

clockid_t mz_posix_count_clock(void) {
    return CLOCK_MONOTONIC;
}

void mz_port_init(void) {
    mz_port_set_baud(DEFAULT_BAUD);
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

uint32_t mz_port_cpuid(void) {
    return 0u;
}

/* A host has no clocks to wait for; a test can simulate a failure by the environment. */
uint32_t mz_port_boot_failure(void) {
    const char *address = getenv("MZ_HOST_BOOT_FAILURE");
    return address == NULL ? 0u : (uint32_t)strtoul(address, NULL, 16);
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

void mz_port_reset(void) {
    _exit(MZ_HOST_RESET);
}
