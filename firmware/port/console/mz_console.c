/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/console/mz_console.h"

#include "port/console/mz_uart.h"
#include "port/mz_port.h"

#define RING_BYTES 8192u /* a power of two */
#define RING_MASK (RING_BYTES - 1u)

/* A full FIFO drains in milliseconds at the slowest rate in use; this many polls take far longer.
 * So a transmitter that is stuck loses bytes, but the firmware does not hang. */
#define MAX_POLLS 5000000u

/* head and tail count all bytes and wrap; their difference is the number of bytes in the ring. */
static uint8_t ring[RING_BYTES];
static uint32_t head;
static uint32_t tail;
static uint32_t overruns;
static bool ready;

void mz_console_init(void) {
    mz_uart_init();
    ready = true;
}

bool mz_console_ready(void) {
    return ready;
}

/* Move received bytes to the ring. Bytes that do not fit stay in the receiver. */
static void drain_receiver(void) {
    for (;;) {
        const uint32_t at = head & RING_MASK;
        const uint32_t room = RING_BYTES - (head - tail);
        const uint32_t to_the_end = RING_BYTES - at;
        const uint32_t limit = room < to_the_end ? room : to_the_end;
        const uint32_t received = mz_uart_receive(ring + at, limit, &overruns);
        head += received;
        if (received < limit || limit == 0u) {
            return;
        }
    }
}

static uint32_t take_from_ring(uint8_t *dst, uint32_t capacity) {
    uint32_t taken = 0;
    while (taken < capacity && tail != head) {
        dst[taken++] = ring[tail++ & RING_MASK];
    }
    return taken;
}

uint32_t mz_port_read(uint8_t *dst, uint32_t capacity) {
    if (!ready) {
        return 0;
    }
    const uint32_t taken = take_from_ring(dst, capacity);
    if (taken == capacity) {
        return taken;
    }
    drain_receiver();
    return taken + take_from_ring(dst + taken, capacity - taken);
}

static uint32_t wait_for_room(void) {
    for (uint32_t poll = 0; poll < MAX_POLLS; ++poll) {
        drain_receiver();
        const uint32_t room = mz_uart_send_room();
        if (room > 0u) {
            return room;
        }
    }
    return 0;
}

void mz_port_write(const uint8_t *src, uint32_t bytes) {
    const uint8_t *const end = src + bytes;
    while (ready && src != end) {
        uint32_t room = wait_for_room();
        if (room == 0u) {
            return;
        }
        for (; room > 0u && src != end; --room) {
            mz_uart_send(*src++);
        }
    }
}

void mz_console_flush(void) {
    for (uint32_t poll = 0; ready && poll < MAX_POLLS; ++poll) {
        if (mz_uart_sent()) {
            return;
        }
    }
}

uint32_t mz_port_overruns(void) {
    return overruns;
}
