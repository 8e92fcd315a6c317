/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#define _DEFAULT_SOURCE /* cfmakeraw, rates above those of POSIX */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "port/linux/mz_linux.h"

#define PATIENCE_MS 10000
#define AGAIN_NS 200000000l

static const struct {
    uint32_t baud;
    speed_t speed;
} rates[] = {
    {9600u, B9600},       {19200u, B19200},     {38400u, B38400},     {57600u, B57600},
    {115200u, B115200},   {230400u, B230400},   {460800u, B460800},   {500000u, B500000},
    {576000u, B576000},   {921600u, B921600},   {1000000u, B1000000}, {1152000u, B1152000},
    {1500000u, B1500000}, {2000000u, B2000000}, {2500000u, B2500000}, {3000000u, B3000000},
    {3500000u, B3500000}, {4000000u, B4000000},
};

static int device = -1;
static const char *device_name;
static uint32_t device_baud;
static struct termios before;
static volatile bool changed; /* before has its settings */

static speed_t speed_of(uint32_t baud) {
    for (size_t i = 0u; i < sizeof(rates) / sizeof(rates[0]); i++) {
        if (rates[i].baud == baud) {
            return rates[i].speed;
        }
    }
    return B0;
}

bool mz_tty_knows(uint32_t baud) {
    return speed_of(baud) != B0;
}

/* False where it is no terminal, or does not take these settings. */
static bool configure(void) {
    struct termios raw;
    if (tcgetattr(device, &raw) != 0) {
        return false;
    }
    if (!changed) {
        before = raw;
        changed = true;
    }
    cfmakeraw(&raw);
    raw.c_cflag |= CLOCAL | CREAD;
    raw.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    (void)cfsetspeed(&raw, speed_of(device_baud));
    return tcsetattr(device, TCSADRAIN, &raw) == 0;
}

static bool open_device(void) {
    device = open(device_name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) {
        return false;
    }
    if (!configure()) {
        close(device);
        device = -1;
    }
    return device >= 0;
}

bool mz_tty_start(const char *name, uint32_t baud) {
    device_name = name;
    device_baud = baud;
    if (open_device()) {
        mz_say("serving ", name);
        return true;
    }
    mz_say("cannot use ", name, ": ", strerror(errno));
    return false;
}

/* While the device is away, it is looked for, not too often. */
mz_ends mz_tty_ends(void) {
    static bool tried;
    if (device < 0 && !open_device() && !tried) {
        mz_say(device_name, " is away: ", strerror(errno));
    }
    tried = device < 0;
    if (tried) {
        const struct timespec pause = {0, AGAIN_NS};
        nanosleep(&pause, NULL);
    }
    return (mz_ends){device, device, PATIENCE_MS, 20};
}

void mz_tty_lost(void) {
    (void)tcflush(device, TCIOFLUSH);
    close(device);
    device = -1;
}

void mz_tty_set_baud(uint32_t baud) {
    device_baud = baud;
    if (device >= 0) {
        (void)configure();
    }
}

void mz_tty_restore(void) {
    if (device >= 0 && changed) {
        (void)tcsetattr(device, TCSANOW, &before);
    }
}
