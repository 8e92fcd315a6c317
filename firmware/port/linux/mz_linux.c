/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The program: its options, the way to the host that they name, start, reset and end. */
#define _GNU_SOURCE /* environ */

#include "port/linux/mz_linux.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "app/mz_app.h"
#include "mz_board.h"
#include "port/linux/mz_linux_agent.h"
#include "port/mz_port.h"

#define USAGE_STATUS 2
#define RESET_STATUS 75 /* whoever started it may start it again */
#define DEFAULT_BAUD 115200u
#define LARGEST_BAUD 4000000

static const char usage[] =
    "An agent of mcuzoo, with its model: the host runs images through it.\n"
    "  --listen PORT             TCP port of loopback [3737]; 0: any free one\n"
    "  --listen ADDRESS:PORT     of that address; [ADDRESS]:PORT for IPv6\n"
    "  --tty DEVICE [--baud N]   a serial line, such as /dev/ttyGS0 [115200]\n"
    "  --stdio                   standard input and output, as ssh joins them\n";

typedef enum { TCP, TTY, STDIO } mz_way;

static mz_way way = TCP;
static const char *place = "3737";
static const char *adopted;
static uint32_t baud = DEFAULT_BAUD;
static char **arguments;

void mz_say_all(const char *const texts[]) {
    static const char *const ends[] = {"mcuzoo agent: ", "\n"};
    (void)!write(STDERR_FILENO, ends[0], strlen(ends[0]));
    for (; *texts != NULL; texts++) {
        (void)!write(STDERR_FILENO, *texts, strlen(*texts));
    }
    (void)!write(STDERR_FILENO, ends[1], strlen(ends[1]));
}

int32_t mz_number(const char *text, int32_t largest) {
    int32_t value = 0;
    if (text[0] == '\0') {
        return -1;
    }
    for (; *text != '\0'; text++) {
        const int32_t digit = *text - '0';
        if (digit < 0 || digit > 9 || value > (largest - digit) / 10) {
            return -1;
        }
        value = value * 10 + digit;
    }
    return value;
}

const char *mz_number_text(int32_t value) {
    static char text[11];
    char *first = text + sizeof(text) - 1;
    do {
        *--first = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return first;
}

static mz_count_unit emulated_unit(void) {
    return (mz_count_unit)getauxval(MZ_AT_EMULATED);
}

mz_agent mz_linux_agent(void) {
    return emulated_unit() == MZ_COUNT_UNSAID ? MZ_AGENT_PROCESS : MZ_AGENT_EMULATOR;
}

mz_count_unit mz_linux_count_unit(void) {
    const mz_count_unit unit = emulated_unit();
    return unit == MZ_COUNT_UNSAID ? MZ_COUNT_NANOSECONDS : unit;
}

clockid_t mz_posix_count_clock(void) {
    return emulated_unit() == MZ_COUNT_UNSAID ? CLOCK_MONOTONIC : (clockid_t)MZ_COUNT_CLOCK;
}

mz_ends mz_posix_ends(void) {
    switch (way) {
    case TCP:
        return mz_tcp_ends();
    case TTY:
        return mz_tty_ends();
    default:
        return (mz_ends){STDIN_FILENO, STDOUT_FILENO, -1};
    }
}

void mz_posix_lost(int status) {
    switch (way) {
    case TCP:
        mz_tcp_lost();
        break;
    case TTY:
        mz_tty_lost();
        break;
    default:
        _exit(status);
    }
}

int mz_posix_door(void) {
    return way == TCP ? mz_tcp_door() : -1;
}

void mz_posix_open_door(void) {
    mz_tcp_open_door();
}

/* A socket or a pipe has no rate; of a USB gadget nobody uses it. */
mz_port_rates mz_port_uart(void) {
    return (mz_port_rates){0u, way == TTY ? baud : 0u};
}

uint32_t mz_port_closest_baud(uint32_t wanted) {
    return mz_tty_knows(wanted) ? wanted : 0u;
}

void mz_port_set_baud(uint32_t wanted) {
    if (way == TTY) {
        mz_tty_set_baud(wanted);
    }
}

/* Linux reads MIDR_EL1 for its processes. */
uint32_t mz_port_cpuid(void) {
    uint64_t midr = 0u;
#if defined(__aarch64__) && defined(HWCAP_CPUID)
    if ((getauxval(AT_HWCAP) & HWCAP_CPUID) != 0u) {
        __asm__ volatile("mrs %0, midr_el1" : "=r"(midr));
    }
#endif
    return (uint32_t)midr;
}

uint32_t mz_port_boot_failure(void) {
    return 0u;
}

/* Nothing survives the end of a process: a model that is linked in needs it not. */
void *mz_port_retained(void) {
    static uint32_t lost[MZ_PORT_RETAINED_BYTES / sizeof(uint32_t)];
    return lost;
}

/* The program anew, in the place of this process, with the same host at the other end. */
void mz_port_reset(void) {
    char listen[] = "--listen", adopt[] = "--adopt";
    if (way == TTY) {
        mz_tty_restore();
    } else if (way == TCP) {
        char *anew[] = {arguments[0], listen, (char *)place, adopt, (char *)mz_tcp_leave_open(),
                        NULL};
        execve("/proc/self/exe", anew, environ);
    }
    execve("/proc/self/exe", arguments, environ);
    mz_say("cannot start anew: ", strerror(errno));
    _exit(RESET_STATUS);
}

static void end(int number) {
    (void)number;
    if (way == TTY) {
        mz_tty_restore();
    }
    _exit(0);
}

static void handle_signals(void) {
    static const int ends[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = end;
    for (size_t i = 0u; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)sigaction(ends[i], &action, NULL);
    }
    action.sa_handler = SIG_IGN; /* a write says it, too */
    (void)sigaction(SIGPIPE, &action, NULL);
}

static _Noreturn void explain(int status) {
    (void)!write(status == 0 ? STDOUT_FILENO : STDERR_FILENO, usage, sizeof(usage) - 1u);
    _exit(status);
}

/* True if the option is there, which takes the next argument. */
static bool given(const char *option, char ***at) {
    if (strcmp(**at, option) != 0) {
        return false;
    }
    if ((*at)[1] == NULL) {
        explain(USAGE_STATUS);
    }
    ++*at;
    return true;
}

static void read_arguments(char **argv) {
    for (char **at = argv + 1; *at != NULL; at++) {
        if (given("--listen", &at)) {
            way = TCP;
            place = *at;
        } else if (given("--tty", &at)) {
            way = TTY;
            place = *at;
        } else if (given("--baud", &at)) {
            const int32_t rate = mz_number(*at, LARGEST_BAUD);
            baud = rate < 0 ? 0u : (uint32_t)rate;
        } else if (given("--adopt", &at)) {
            adopted = *at;
        } else if (strcmp(*at, "--stdio") == 0) {
            way = STDIO;
        } else {
            explain(strcmp(*at, "--help") == 0 ? 0 : USAGE_STATUS);
        }
    }
    if (way == TTY && !mz_tty_knows(baud)) {
        mz_say("Linux has no such rate of a terminal");
        _exit(USAGE_STATUS);
    }
}

void mz_port_init(void) {
    handle_signals();
    const bool started = way == TCP   ? mz_tcp_start(place, adopted)
                         : way == TTY ? mz_tty_start(place, baud)
                                      : true;
    if (!started) {
        _exit(1);
    }
}

int main(int argc, char **argv) {
    (void)argc;
    arguments = argv;
    read_arguments(argv);
    mz_port_init();
    mz_app_init();
    for (;;) {
        mz_app_poll();
    }
}
