"""SysTick: its counter and its exception."""

from __future__ import annotations

from helpers.guest import MakeGuest, running

from mcuzoo.board.model import Board
from mcuzoo.emulator.timers import CountMode

SYSTICK = """
#define CSR REG(0xE000E010)
#define RVR REG(0xE000E014)
#define CVR REG(0xE000E018)
volatile uint32_t ticks;
"""


def test_ticks_come_at_their_rate(make_guest: MakeGuest, board: Board) -> None:
    """A loop of 400,000 instructions at 1,000 instructions a tick; handlers take time as well."""
    source = (
        SYSTICK
        + """
    void on_tick(void) { ticks += 1; }
    void guest(void) {
        ticks = 0;
        RVR = 999u; CVR = 0; CSR = 7u;
        uint32_t turns = 200000u;
        __asm__ volatile("1: subs %0, #1\\n\\tbne 1b" : "+r"(turns) : : "cc");
        CSR = 0;
        put_word(ticks);
        turns = 20000u;
        __asm__ volatile("1: subs %0, #1\\n\\tbne 1b" : "+r"(turns) : : "cc");
        put_word(ticks);
    }
    """
    )
    with running(board, make_guest(board, source).image()) as state:
        during, after = state.words(2)
    assert 400 <= during <= 410
    assert after == during


def test_masked_ticks_wait(make_guest: MakeGuest, rt1050: Board) -> None:
    source = (
        SYSTICK
        + """
    void on_tick(void) { ticks += 1; }
    void guest(void) {
        ticks = 0;
        __asm__ volatile("cpsid i");
        RVR = 99u; CVR = 0; CSR = 7u;
        uint32_t turns = 1000u;
        __asm__ volatile("1: subs %0, #1\\n\\tbne 1b" : "+r"(turns) : : "cc");
        put_word(ticks);
        put_word((REG(0xE000ED04) >> 26) & 1u);
        CSR = 5u;
        __asm__ volatile("cpsie i");
        turns = 1000u;
        __asm__ volatile("1: subs %0, #1\\n\\tbne 1b" : "+r"(turns) : : "cc");
        put_word(ticks);
        put_word((REG(0xE000ED04) >> 26) & 1u);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(4) == [0, 1, 1, 0]


def test_polled_counter(make_guest: MakeGuest, rt1050: Board) -> None:
    """COUNTFLAG is set by a wrap and cleared by reading it; the counter runs down, by one for each
    instruction while they are counted."""
    source = (
        SYSTICK
        + """
    void guest(void) {
        RVR = 9999u; CVR = 0; CSR = 5u;
        const uint32_t first = CVR;
        const uint32_t second = CVR;
        put_word(first > second && first <= 9999u);
        put_word((CSR >> 16) & 1u);
        uint32_t turns = 10000u;
        __asm__ volatile("1: subs %0, #1\\n\\tbne 1b" : "+r"(turns) : : "cc");
        put_word((CSR >> 16) & 1u);
        put_word((CSR >> 16) & 1u);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image(), CountMode(None)) as state:
        assert state.words(4) == [1, 0, 1, 0]


def test_polling_at_full_speed(make_guest: MakeGuest, rt1050: Board) -> None:
    """Nothing is counted: the time of who polls goes on by 100 instructions a reading."""
    source = (
        SYSTICK
        + """
    void guest(void) {
        RVR = 9999u; CVR = 0; CSR = 5u;
        for (uint32_t tick = 0; tick < 3u; ++tick) {
            uint32_t polls = 1;
            while (!((CSR >> 16) & 1u)) { ++polls; }
            put_word(polls);
        }
        const uint32_t first = CVR;
        put_word(first - CVR);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(4) == [100, 100, 100, 100]


def test_a_poller_that_wants_the_interrupt_later(make_guest: MakeGuest, rt1050: Board) -> None:
    """The exception of a timer that runs already comes by the count, at full speed too."""
    source = (
        SYSTICK
        + """
    void on_tick(void) { ticks += 1; }
    static void turn(uint32_t turns) {
        __asm__ volatile("1: subs %0, #1\\n\\tbne 1b" : "+r"(turns) : : "cc");
    }
    void guest(void) {
        ticks = 0;
        RVR = 999u; CVR = 0; CSR = 5u;
        turn(20000u);
        put_word(ticks);
        CSR = 7u;
        turn(20000u);
        CSR = 5u;
        const uint32_t during = ticks;
        turn(20000u);
        put_word(during);
        put_word(ticks - during);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        before, during, after = state.words(3)
    assert before == after == 0
    assert 40 <= during <= 42


def test_ticks_go_on_while_the_board_waits(make_guest: MakeGuest, rt1050: Board) -> None:
    """An idle board with a running SysTick wakes for it: 1,000 ticks at 1 ms."""
    source = (
        SYSTICK
        + """
    void on_tick(void) { ticks += 1; if (ticks == 100u) { put_word(ticks); } }
    void guest(void) {
        ticks = 0;
        RVR = 599999u; CVR = 0; CSR = 7u;
        (void)get();
        put_word(ticks >= 100u);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(1) == [100]
        state.console.type(b"x")
        assert state.words(1) == [1]


def test_sleep_until_the_tick(make_guest: MakeGuest, rt1050: Board) -> None:
    source = (
        SYSTICK
        + """
    void on_tick(void) { ticks += 1; }
    void guest(void) {
        ticks = 0;
        RVR = 59999u; CVR = 0; CSR = 7u;
        for (uint32_t i = 0; i < 20u; ++i) { __asm__ volatile("wfi"); }
        put_word(ticks);
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(1) == [20]


def test_ticks_while_an_it_block_polls(make_guest: MakeGuest, rt1050: Board) -> None:
    """A run with a limit cannot be stopped in an IT block; it must be stopped after it."""
    source = (
        SYSTICK
        + """
    void on_tick(void) { ticks += 1; if (ticks == 20u) { put_word(ticks); } }
    void guest(void) {
        ticks = 0;
        RVR = 599999u; CVR = 0; CSR = 7u;
        uint32_t status;
        __asm__ volatile("1: cmp %0, %0\\n\\tit eq\\n\\tldreq %0, [%1]\\n\\t"
                         "tst %0, #0x200000\\n\\tbeq 1b" : "=&r"(status) : "r"(&STAT) : "cc");
        put_word(get());
    }
    """
    )
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(1) == [20]
        state.console.type(b"x")
        assert state.words(1) == [ord("x")]
