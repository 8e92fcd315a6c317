/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The firmware as a Linux process: its parts for each other. */
#ifndef MZ_LINUX_H
#define MZ_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port/posix/mz_posix.h"

/* A server of one client at a time. text: PORT of loopback, ADDRESS:PORT or [ADDRESS]:PORT. adopted:
 * the listening socket and the client's (or -1) that a process before left open; NULL: none. False
 * if it cannot be, which is then said on stderr. */
bool mz_tcp_start(const char *text, const char *adopted);
mz_ends mz_tcp_ends(void);
void mz_tcp_lost(void);
int mz_tcp_door(void);
void mz_tcp_open_door(void);

/* For the process that replaces this one: its descriptors as text, valid until the next call. */
const char *mz_tcp_leave_open(void);

/* A terminal device, in raw mode. While it cannot be opened, as long as a gadget has no host, that
 * is tried again. False if it never can. */
bool mz_tty_start(const char *device, uint32_t baud);
mz_ends mz_tty_ends(void);
void mz_tty_lost(void);
void mz_tty_set_baud(uint32_t baud);
bool mz_tty_knows(uint32_t baud);

/* Its settings as they were; may be called by a signal handler. */
void mz_tty_restore(void);

/* A line for people, on stderr, of these texts. */
#define mz_say(...) mz_say_all((const char *const[]){__VA_ARGS__, NULL})
void mz_say_all(const char *const texts[]);

/* A decimal number of at most `largest` that is the whole text, or -1. */
int32_t mz_number(const char *text, int32_t largest);

/* The other way: value is not negative. Valid until the next call. */
const char *mz_number_text(int32_t value);

#endif
