/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* Models that come over the link. A firmware whose model is linked in refuses them. */
#ifndef MZ_UPLOAD_H
#define MZ_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "link/mz_frame.h"

typedef struct {
    uint32_t capacity_bytes; /* size of the largest model that fits; 0: takes no models */
    uint32_t model_bytes;    /* size of the uploaded model if it can run; 0 otherwise */
    const char *refused;     /* without a model: why one was refused before a restart; or "" */
} mz_upload_facts;

/* The present state. The text `refused` is valid until the next request is handled. */
mz_upload_facts mz_upload_state(void);

/* The fault handler calls this once. Returns, as text, the operator of an uploaded model that the
 * runtime worked on; "" if it did not work on one. After the restart the board refuses that model,
 * until another model has come. */
const char *mz_upload_fault(void);

/* Answers MODEL_BEGIN, MODEL_DATA or MODEL_COMMIT; copies what it keeps of the request. `ready`:
 * whether there is a model to run. Returns whether there is one after the request. When it returns
 * true after false, the model may be another one. */
bool mz_upload_handle(const mz_frame *request, bool ready);

#endif
