/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
/* MODEL_BEGIN, MODEL_DATA and MODEL_COMMIT of a firmware that takes models. */
#include <stddef.h>

#include "link/mz_link.h"
#include "runtime/mz_runtime.h"
#include "upload/mz_upload.h"
#include "upload/slot/mz_model_slot.h"
#include "upload/slot/mz_refused.h"

mz_upload_facts mz_upload_state(void) {
    const mz_model_slot *slot = mz_model_slot_current();
    const mz_upload_facts facts = {
        .capacity_bytes = mz_model_slot_capacity(),
        .model_bytes = slot->state == MZ_MODEL_READY ? slot->bytes : 0u,
        .refused = slot->state == MZ_MODEL_NONE ? mz_refused_text() : "",
    };
    return facts;
}

static void refuse_unknown(const mz_frame *request) {
    mz_link_refuse(request, MZ_LINK_NO_SUCH_UPLOAD, "the board does not hold this upload");
}

static void acknowledge(const mz_frame *request, bool taken) {
    const mz_model_slot *slot = mz_model_slot_current();
    const mz_msg_model_ack ack = {slot->upload_id, slot->next_offset,
                                  slot->state == MZ_MODEL_READY ? 1u : 0u};
    mz_pack_model_ack(mz_link_compose(), &ack);
    mz_link_answer(request, MZ_MSG_MODEL_ACK, taken ? 0u : MZ_FLAG_GAP);
}

/* Appends `word` to the text that ends at `end`; returns its new end. */
static char *append(char *end, const char *word) {
    while (*word != '\0') {
        *end++ = *word++;
    }
    *end = '\0';
    return end;
}

static char *append_number(char *end, uint32_t value) {
    char digits[11];
    char *first = digits + sizeof digits - 1u;
    *first = '\0';
    do {
        *--first = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0u);
    return append(end, first);
}

static void refuse_large(const mz_frame *request, uint32_t bytes) {
    char text[64];
    char *end = append(text, "the model has ");
    end = append_number(end, bytes);
    end = append(end, " bytes, there is room for ");
    append_number(end, mz_model_slot_capacity());
    mz_link_refuse(request, MZ_LINK_MODEL_TOO_LARGE, text);
}

static void on_begin(const mz_frame *request) {
    mz_msg_model_begin begin;
    if (!mz_unpack_model_begin(request->payload, &begin)) {
        mz_link_refuse_malformed(request);
    } else if (begin.model_bytes == 0u) {
        mz_link_refuse(request, MZ_LINK_BAD_SIZE, "a model of no bytes");
    } else if (mz_refused_is(begin.model_sha256)) {
        mz_link_refuse(request, MZ_LINK_MODEL_REFUSED, mz_refused_text());
    } else if (!mz_model_slot_begin(begin.upload_id, begin.model_bytes, begin.model_sha256)) {
        refuse_large(request, begin.model_bytes);
    } else {
        acknowledge(request, true);
    }
}

static void on_data(const mz_frame *request) {
    const uint32_t total = mz_model_slot_current()->bytes;
    mz_msg_model_data piece;
    if (!mz_unpack_model_data(request->payload, &piece)) {
        mz_link_refuse_malformed(request);
    } else if (!mz_model_slot_is(piece.upload_id)) {
        refuse_unknown(request);
    } else if (piece.offset > total || piece.data.count > total - piece.offset) {
        mz_link_refuse(request, MZ_LINK_BAD_RANGE, "outside the model");
    } else {
        acknowledge(request, mz_model_slot_take(piece.offset, piece.data));
    }
}

/* If MODEL_COMMIT is repeated, the model is already checked: only the answer is sent again. */
static void on_commit(const mz_frame *request) {
    const mz_model_slot *slot = mz_model_slot_current();
    mz_msg_model_commit commit;
    if (!mz_unpack_model_commit(request->payload, &commit)) {
        mz_link_refuse_malformed(request);
    } else if (!mz_model_slot_is(commit.upload_id)) {
        refuse_unknown(request);
    } else if (slot->next_offset != slot->bytes) {
        mz_link_refuse(request, MZ_LINK_INCOMPLETE, "the model has not arrived completely");
    } else if (slot->state == MZ_MODEL_LOADING && !mz_model_slot_check()) {
        mz_link_refuse(request, MZ_LINK_MODEL_SHA256, "the model in memory has another SHA-256");
    } else if (slot->state == MZ_MODEL_REFUSED) {
        mz_link_refuse(request, MZ_LINK_MODEL_REFUSED, mz_runtime_error());
    } else {
        acknowledge(request, true);
    }
}

const char *mz_upload_fault(void) {
    if (!mz_runtime_busy()) {
        return "";
    }
    /* Remember the model first: mz_runtime_doing reads it, which may fault again and restart at
     * once. */
    const mz_model_slot *slot = mz_model_slot_current();
    mz_refused_remember(slot->sha256, "one of its operators");
    const char *const doing = mz_runtime_doing();
    mz_refused_remember(slot->sha256, doing);
    return doing;
}

bool mz_upload_handle(const mz_frame *request, bool ready) {
    (void)ready;
    switch (request->type) {
    case MZ_MSG_MODEL_BEGIN:
        on_begin(request);
        break;
    case MZ_MSG_MODEL_DATA:
        on_data(request);
        break;
    default:
        on_commit(request);
        break;
    }
    return mz_model_slot_current()->state == MZ_MODEL_READY;
}
