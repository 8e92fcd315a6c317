/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* A POSIX process as a board: mz_posix.c is the line and the clock; what each kind of process does
 * in its own way is declared here, and is in port/host or port/linux. */
#ifndef MZ_POSIX_H
#define MZ_POSIX_H

#include <time.h>

/* Where bytes come from and go to; -1 while nobody is connected, who then gets nothing of what is
 * written. */
typedef struct {
    int input;
    int output;
    int patience_ms; /* how long the other end may take nothing; -1: for ever */
    int idle_ms;     /* the longest wait for bytes: what changes its rate must tick meanwhile */
} mz_ends;

mz_ends mz_posix_ends(void);

/* The other end has closed (status 0), failed (1), or takes nothing any more (1). May end the
 * process. */
void mz_posix_lost(int status);

/* What to look at while nothing arrives; -1: nothing. When it can be read, the other function is
 * called. */
int mz_posix_door(void);
void mz_posix_open_door(void);

/* The clock of mz_port_cycles. */
clockid_t mz_posix_count_clock(void);

#endif
