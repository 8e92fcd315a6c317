/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "upload/slot/mz_refused.h"

#include "link/mz_messages.h"
#include "port/mz_port.h"
#include "port/mz_retained.h"

#define MAGIC 0x4d5a5246u /* MZRF */
#define TEXT_BYTES 80u

typedef struct {
    mz_seal seal;
    uint8_t sha256[MZ_SHA256_BYTES];
    char text[TEXT_BYTES];
} record;

_Static_assert(sizeof(record) <= MZ_PORT_RETAINED_BYTES,
               "the record does not fit what a reset retains");

void mz_refused_remember(const uint8_t *sha256, const char *where) {
    static const char said[] = "TFLite-Micro faulted in ";
    record *const kept = mz_port_retained();
    uint32_t length = 0u;
    for (uint32_t i = 0u; i < MZ_SHA256_BYTES; i++) {
        kept->sha256[i] = sha256[i];
    }
    for (const char *from = said; *from != '\0'; from++) {
        kept->text[length++] = *from;
    }
    for (const char *from = where; *from != '\0' && length < TEXT_BYTES - 1u; from++) {
        kept->text[length++] = *from;
    }
    while (length < TEXT_BYTES) {
        kept->text[length++] = '\0';
    }
    mz_retained_seal(kept, sizeof *kept, MAGIC);
}

void mz_refused_forget(void) {
    record *const kept = mz_port_retained();
    kept->seal.magic = 0u;
}

bool mz_refused_any(void) {
    const record *const kept = mz_port_retained();
    return mz_retained_sealed(kept, sizeof *kept, MAGIC);
}

bool mz_refused_is(const uint8_t *sha256) {
    const record *const kept = mz_port_retained();
    bool same = mz_refused_any();
    for (uint32_t i = 0u; i < MZ_SHA256_BYTES; i++) {
        same = same && kept->sha256[i] == sha256[i];
    }
    return same;
}

const char *mz_refused_text(void) {
    const record *const kept = mz_port_retained();
    return mz_refused_any() ? kept->text : "";
}
