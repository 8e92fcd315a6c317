#include "upload/slot/mz_refused.h"

#include <stddef.h>

#include "link/mz_crc32.h"
#include "link/mz_messages.h"
#include "port/mz_port.h"

#define MAGIC 0x4d5a5246u /* MZRF */
#define TEXT_BYTES 80u

typedef struct {
    uint32_t magic;
    uint8_t sha256[MZ_SHA256_BYTES];
    char text[TEXT_BYTES];
    uint32_t crc32; /* of all before it: after power-on the memory holds anything */
} record;

_Static_assert(sizeof(record) <= MZ_PORT_RETAINED_BYTES, "the record does not fit what a reset retains");

static uint32_t crc_of(const record *kept) {
    return mz_crc32(kept, (uint32_t)offsetof(record, crc32));
}

void mz_refused_remember(const uint8_t *sha256, const char *where) {
    static const char said[] = "TFLite-Micro faulted in ";
    record *const kept = mz_port_retained();
    uint32_t length = 0u;
    kept->magic = MAGIC;
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
    kept->crc32 = crc_of(kept);
}

void mz_refused_forget(void) {
    record *const kept = mz_port_retained();
    kept->magic = 0u;
}

bool mz_refused_any(void) {
    const record *const kept = mz_port_retained();
    return kept->magic == MAGIC && kept->crc32 == crc_of(kept);
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
