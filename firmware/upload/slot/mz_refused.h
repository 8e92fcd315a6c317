/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The model that made the core fault, remembered over the reset. */
#ifndef MZ_REFUSED_H
#define MZ_REFUSED_H

#include <stdbool.h>
#include <stdint.h>

/* Keep that the model with this SHA-256 faulted, and where, in words. */
void mz_refused_remember(const uint8_t *sha256, const char *where);

void mz_refused_forget(void);

/* Whether there is one; and whether it is this one. */
bool mz_refused_any(void);
bool mz_refused_is(const uint8_t *sha256);

/* What to say of it: "TFLite-Micro faulted in ..."; "" when there is none. */
const char *mz_refused_text(void);

#endif
