/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* The firmware's model is linked in. */
#include "link/mz_link.h"
#include "upload/mz_upload.h"

mz_upload_facts mz_upload_state(void) {
    const mz_upload_facts none = {0u, 0u, ""};
    return none;
}

const char *mz_upload_fault(void) {
    return "";
}

bool mz_upload_handle(const mz_frame *request, bool ready) {
    mz_link_refuse(request, MZ_LINK_NO_UPLOAD, "this firmware's model is fixed");
    return ready;
}
