"""The console's receive interrupt: taken at once by a core that computes or sleeps."""

from __future__ import annotations

import pytest
from helpers.guest import MakeGuest, running

from mcuzoo.board.model import Board

LISTEN = """
volatile uint32_t received[64];
volatile uint32_t count;
volatile uint32_t calls;
void on_receive(void) {
    ++calls;
    while (STAT & 0x00200000u) { received[count++] = DATA & 0xFFu; }
}
static void listen(void) {
    count = 0;
    calls = 0;
    REG(0xE000E100 + CONSOLE_IRQ / 32 * 4) = 1u << CONSOLE_IRQ % 32;
    CTRL = 0x002C0000u;
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("waiting", ["", '__asm__ volatile("wfi");'])
def test_a_core_that_does_not_look_at_the_uart(
    make_guest: MakeGuest, board: Board, waiting: str
) -> None:
    source = (
        LISTEN
        + """
    void guest(void) {
        listen();
        put('>');
        for (;;) {
            while (count < 3u) { WAITING }
            put_word(received[0] << 16 | received[1] << 8 | received[2]);
            count = 0;
        }
    }
    """
    ).replace("WAITING", waiting)
    with running(board, make_guest(board, source).image()) as state:
        state.console.read_until(b">")
        state.console.type(b"abc")
        assert state.words(1) == [0x616263]
        state.console.type(b"d")
        state.console.type(b"ef")
        assert state.words(1) == [0x646566]


def test_registers_survive_the_interrupt(make_guest: MakeGuest, rt1050: Board) -> None:
    """Core, FPU and flags, whatever the handler does with them."""
    source = (
        LISTEN.replace(
            "++calls;",
            '++calls; __asm__ volatile("vmov s0, %0\\n\\tvmov s15, %0\\n\\tcmp %0, %0\\n\\t"'
            '"mov r12, %0" : : "r"(calls) : "s0", "s15", "r12", "cc");',
        )
        + """
    void guest(void) {
        listen();
        put('>');
        uint32_t sum = 1, low, high;
        __asm__ volatile("vmov s0, %0\\n\\tvmov s15, %1" : : "r"(77), "r"(99) : "s0", "s15");
        /* A carry goes round while bytes arrive. */
        while (count < 4u) {
            __asm__ volatile("adds %0, %0, #1\\n\\tadc %0, %0, #0\\n\\tmov r12, %0\\n\\t"
                             "nop\\n\\tnop\\n\\tsubs r12, r12, %0\\n\\tit ne\\n\\tmovne %0, #0"
                             : "+r"(sum) : : "r12", "cc");
        }
        __asm__ volatile("vmov %0, s0\\n\\tvmov %1, s15" : "=r"(low), "=r"(high));
        put_word(low);
        put_word(high);
        put_word(sum != 0u);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        state.console.read_until(b">")
        for byte in b"wxyz":
            state.console.type(bytes([byte]))
        assert state.words(3) == [77, 99, 1]


def test_an_interrupt_that_waits_until_it_is_unmasked(make_guest: MakeGuest, rt1050: Board) -> None:
    source = (
        LISTEN
        + """
    void guest(void) {
        put('>');
        (void)get();
        __asm__ volatile("cpsid i");
        listen();
        for (volatile uint32_t turn = 0; turn < 1000u; ++turn) { }
        put_word(calls);
        __asm__ volatile("cpsie i");
        while (calls == 0u) { }
        put_word(calls);
        put_word(received[0]);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        state.console.read_until(b">")
        state.console.type(b"xy")
        assert state.words(3) == [0, 1, ord("y")]


def test_a_disabled_interrupt_does_not_come(make_guest: MakeGuest, rt1050: Board) -> None:
    """RIE is set, but not the NVIC's enable bit: the firmware polls."""
    source = (
        LISTEN
        + """
    void guest(void) {
        calls = 0;
        CTRL = 0x002C0000u;
        put('>');
        put_word(get());
        put_word(calls);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        state.console.read_until(b">")
        state.console.type(b"x")
        assert state.words(2) == [ord("x"), 0]
