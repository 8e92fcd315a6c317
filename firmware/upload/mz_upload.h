/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Models over the link. A firmware whose model is linked in takes none. */
#ifndef MZ_UPLOAD_H
#define MZ_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_frame.h"

typedef struct {
    uint32_t capacity_bytes; /* of the largest model that there is room for; 0: takes none */
    uint32_t model_bytes;    /* of the model that was uploaded and can run; else 0 */
    const char *refused;     /* with no model: what became of it before a restart; or "" */
} mz_upload_facts;

/* What there is now. `refused` points to a text that is valid until the next request is handled. */
mz_upload_facts mz_upload_state(void);

/* For the fault handler, once: the core has taken a fault. Returns what of an uploaded model the
 * runtime was in, in words; "" when in none. The model is not taken again after the restart, until
 * there has been another one. */
const char *mz_upload_fault(void);

/* Answers MODEL_BEGIN, MODEL_DATA or MODEL_COMMIT; copies what it keeps of the request. `ready`
 * says whether there is a model to run; returns whether there is one now. Once that was false,
 * another model may have taken its place. */
bool mz_upload_handle(const mz_frame *request, bool ready);

#endif
