/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) 2026 The mcuzoo authors */
#include "port/console/mz_console.h"

#include "mz_board.h"
#include "port/console/mz_uart.h"
#include "port/mz_port.h"

#define RING_MASK (MZ_RECEIVE_BYTES - 1u)
_Static_assert((MZ_RECEIVE_BYTES & RING_MASK) == 0u, "the ring's size is a power of two");

/* A full FIFO drains in milliseconds at the slowest rate in use; this many polls take far longer.
 * So a transmitter that is stuck loses bytes, but the firmware does not hang. */
#define MAX_POLLS 5000000u

/* Of what is before it, nothing is stored after it, and of what is after it, nothing before. */
#define IN_THIS_ORDER() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* The ring has one writer and one reader. While `listening`, the writer is the interrupt, else
 * whoever calls mz_port_read or mz_port_write. head and tail count all bytes and wrap; their
 * difference is the number of bytes in the ring. */
static uint8_t ring[MZ_RECEIVE_BYTES] __attribute__((section(MZ_RECEIVE_SECTION)));
static volatile uint32_t head;
static volatile uint32_t tail;
static volatile bool listening;
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
        const uint32_t room = MZ_RECEIVE_BYTES - (head - tail);
        const uint32_t to_the_end = MZ_RECEIVE_BYTES - at;
        const uint32_t limit = room < to_the_end ? room : to_the_end;
        const uint32_t received = mz_uart_receive(ring + at, limit, &overruns);
        IN_THIS_ORDER();
        head += received;
        if (received < limit || limit == 0u) {
            return;
        }
    }
}

static bool ring_is_full(void) {
    return head - tail == MZ_RECEIVE_BYTES;
}

static void listen(bool on) {
    if (listening != on) {
        listening = on;
        mz_uart_listen(on);
    }
}

/* With a full ring the interrupt would come again at once, and for ever. */
void mz_console_received(void) {
    drain_receiver();
    if (ring_is_full()) {
        listen(false);
    }
}

static uint32_t take_from_ring(uint8_t *dst, uint32_t capacity) {
    uint32_t taken = 0;
    const uint32_t end = head;
    IN_THIS_ORDER();
    while (taken < capacity && tail + taken != end) {
        dst[taken] = ring[(tail + taken) & RING_MASK];
        ++taken;
    }
    IN_THIS_ORDER();
    tail += taken;
    return taken;
}

/* An idle board polls, which costs it nothing. While it works on what it has read, the interrupt
 * receives. */
uint32_t mz_port_read(uint8_t *dst, uint32_t capacity) {
    if (!ready) {
        return 0;
    }
    uint32_t taken = take_from_ring(dst, capacity);
    if (taken < capacity) {
        listen(false);
        drain_receiver();
        taken += take_from_ring(dst + taken, capacity - taken);
    }
    if (taken > 0u && !ring_is_full()) {
        listen(true);
    }
    return taken;
}

static uint32_t wait_for_room(void) {
    for (uint32_t poll = 0; poll < MAX_POLLS; ++poll) {
        if (!listening) {
            drain_receiver();
        }
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

uint32_t mz_port_receive_bytes(void) {
    return MZ_RECEIVE_BYTES;
}

mz_port_rates mz_port_uart(void) {
    return (mz_port_rates){mz_uart_clock_hz(), MZ_CONSOLE_BAUD};
}

uint32_t mz_port_closest_baud(uint32_t baud) {
    return mz_uart_closest_baud(baud);
}

void mz_port_set_baud(uint32_t baud) {
    mz_console_flush();
    listen(false);
    drain_receiver();
    mz_uart_set_baud(baud);
}
