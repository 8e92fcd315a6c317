/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The rate of the line: SET_BAUD, VERIFY_LINE, and the way back to the default rate. */
#ifndef MZ_LINE_H
#define MZ_LINE_H

#include <stdbool.h>

#include "link/mz_link.h"

/* True if the rate can be changed. */
bool mz_line_changes(void);

/* Answer SET_BAUD, and change the rate if it can be made. */
void mz_line_set_baud(const mz_frame *request);

/* Answer VERIFY_LINE. */
void mz_line_verify(const mz_frame *request);

/* Call it again and again while the board has nothing to do. At another rate than the default, half
 * a second without a good frame, after the change or since a byte that ended none, takes the line
 * back to the default. */
void mz_line_watch(void);

#endif
