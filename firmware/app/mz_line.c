/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "app/mz_line.h"

#include "port/mz_port.h"

/* A byte tolerates some 4 % between both ends; half of that is the board's. */
#define MAX_ERROR_PERCENT 2u
#define PATIENCE_TICKS (500u / MZ_PORT_TICK_MS)

static bool changed;
static bool untried; /* no good frame has come at this rate yet */
static uint32_t good_frames;
static uint32_t ticks;

bool mz_line_changes(void) {
    return mz_port_uart().default_baud != 0u;
}

static bool close_enough(uint32_t actual, uint32_t baud) {
    const uint32_t off = actual > baud ? actual - baud : baud - actual;
    return off <= baud / 100u * MAX_ERROR_PERCENT;
}

static void change_to(uint32_t baud) {
    changed = baud != mz_port_uart().default_baud;
    untried = changed;
    good_frames = mz_link_counted().good_frames;
    ticks = 0u;
    mz_port_set_baud(baud);
    mz_port_count_ticks(changed);
}

void mz_line_set_baud(const mz_frame *request) {
    mz_msg_set_baud set;
    if (!mz_unpack_set_baud(request->payload, &set)) {
        mz_link_refuse_malformed(request);
        return;
    }
    const mz_port_rates uart = mz_port_uart();
    const uint32_t actual = set.baud == 0u ? 0u : mz_port_closest_baud(set.baud);
    const bool accepted = actual != 0u && close_enough(actual, set.baud);
    const mz_msg_baud_reply reply = {set.nonce, actual, accepted ? 1u : 0u, uart.clock_hz,
                                     uart.default_baud};
    mz_pack_baud_reply(mz_link_compose(), &reply);
    mz_link_answer(request, MZ_MSG_BAUD_REPLY, 0u);
    if (accepted) {
        change_to(set.baud);
    }
}

void mz_line_verify(const mz_frame *request) {
    mz_msg_verify_line verify;
    if (!mz_unpack_verify_line(request->payload, &verify)) {
        mz_link_refuse_malformed(request);
        return;
    }
    const mz_msg_line_verified verified = {verify.nonce, verify.data};
    mz_pack_line_verified(mz_link_compose(), &verified);
    mz_link_answer(request, MZ_MSG_LINE_VERIFIED, 0u);
}

void mz_line_watch(void) {
    if (!changed) {
        return;
    }
    const uint32_t now = mz_link_counted().good_frames;
    if (now != good_frames) {
        good_frames = now;
        untried = false;
        ticks = 0u;
    }
    if ((untried || mz_link_is_within()) && mz_port_tick() && ++ticks >= PATIENCE_TICKS) {
        change_to(mz_port_uart().default_baud);
    }
}
