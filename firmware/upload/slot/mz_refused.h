/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The model that caused a fault of the core. It is kept over the reset in mz_port_retained(). A
 * SHA-256 is 32 bytes without alignment. */
#ifndef MZ_REFUSED_H
#define MZ_REFUSED_H

#include <stdbool.h>
#include <stdint.h>

/* Remember that the model with this SHA-256 caused a fault, and where: the first 55 characters of
 * the text. Both are copied. For the fault handler. */
void mz_refused_remember(const uint8_t *sha256, const char *where);

/* Forget the model. */
void mz_refused_forget(void);

/* True if there is such a model; true if it is this model. */
bool mz_refused_any(void);
bool mz_refused_is(const uint8_t *sha256);

/* The error text for it: "TFLite-Micro faulted in ..."; "" if there is none. Valid until the next
 * call of a function of this header. */
const char *mz_refused_text(void);

#endif
