/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The model that made the core fault, remembered over the reset in mz_port_retained(). A SHA-256 is
 * 32 bytes without alignment. */
#ifndef MZ_REFUSED_H
#define MZ_REFUSED_H

#include <stdbool.h>
#include <stdint.h>

/* Keep that the model with this SHA-256 faulted, and where, in words: the first 55 characters. Both
 * are copied. For the fault handler. */
void mz_refused_remember(const uint8_t *sha256, const char *where);

/* From here on there is none. */
void mz_refused_forget(void);

/* Whether there is one; and whether it is this one. */
bool mz_refused_any(void);
bool mz_refused_is(const uint8_t *sha256);

/* What to say of it: "TFLite-Micro faulted in ..."; "" when there is none. Valid until the
 * next of these calls. */
const char *mz_refused_text(void);

#endif
