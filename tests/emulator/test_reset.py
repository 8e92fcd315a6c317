"""The reset button, the firmware's own reset, and what survives them."""

from __future__ import annotations

import gc
import weakref

import pytest
from helpers.guest import MakeGuest, running

from mcuzoo.board.model import Board
from mcuzoo.emulator.engine import Cause, Engine
from mcuzoo.emulator.linux.core import Core

pytestmark = pytest.mark.slow

# Counts starts in RAM behind a mark, says what it finds in registers, then obeys: r resets.
SOURCE = """
static volatile uint32_t *const mark = (volatile uint32_t *)RAM;
void guest(void) {
    if (mark[0] != 0x600DF00Du) { mark[0] = 0x600DF00Du; mark[1] = 0; }
    uint32_t single, fpscr, ipsr;
    __asm__ volatile("vmov %0, s31\\n\\tvmrs %1, fpscr\\n\\tmrs %2, ipsr"
                     : "=r"(single), "=r"(fpscr), "=r"(ipsr));
    mark[1] += 1u;
    put_word(mark[1]);
    put_word(REG(0xE000ED14) & 0x10u);
    put_word(single == 0x40400000u);
    put_word(ipsr);
    REG(0xE000ED14) |= 0x10u;
    __asm__ volatile("vmov.f32 s31, #3.0" ::: "s31");
    for (;;) {
        if (get() == 'r') {
            put('\\n');
            REG(0xE000ED0C) = 0x12340004u;  /* a wrong key does nothing */
            REG(0xE000ED0C) = 0x05FA0004u;
            for (;;) {}
        }
    }
}
"""


def test_firmware_resets_itself(make_guest: MakeGuest, board: Board) -> None:
    ram = board.regions_of("ocram")[0].base + 0x1000
    guest = make_guest(board, SOURCE.replace("RAM", f"{ram:#x}"))
    with running(board, guest.image()) as state:
        for start in range(1, 4):
            assert state.words(4) == [start, 0, 0, 0]
            state.console.type(b"r")
            assert state.console.read_until(b"\n") == b"\n"
        assert state.words(4) == [4, 0, 0, 0]
        assert state.said == ["reset"] * 3


def test_reset_button(make_guest: MakeGuest, rt1050: Board) -> None:
    guest = make_guest(rt1050, SOURCE.replace("RAM", "0x20201000"))
    with running(rt1050, guest.image()) as state:
        assert state.words(4)[0] == 1
        state.evk.request_reset()
        assert state.words(4) == [2, 0, 0, 0]


# Takes bytes and says each, but only after a 'g': until then they wait where they have arrived.
READER = """
void guest(void) {
    put_word(0xB007u);
    while (get() != 'g') {}
    put_word(0x60u);
    for (;;) { put_word(get()); }
}
"""


def test_what_is_typed_after_the_button_reaches_the_new_start(
    make_guest: MakeGuest, rt1050: Board
) -> None:
    with running(rt1050, make_guest(rt1050, READER).image()) as state:
        for typed in range(5):
            assert state.words(1) == [0xB007]
            assert state.evk.request_reset()
            assert state.words(1) == [0xB007]
            state.console.type(b"g" + bytes([typed]))
            assert state.words(2) == [0x60, typed]
            assert state.evk.request_reset()


def test_what_had_arrived_goes_with_the_reset_and_is_counted(
    make_guest: MakeGuest, rt1050: Board
) -> None:
    """Half of it in the UART, half of it behind it."""
    source = """
    void guest(void) {
        put_word(0xB007u);
        if (get() == '1') { put_word(1); for (;;) { __asm__ volatile(""); } }
        for (;;) { put_word(get()); }
    }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(1) == [0xB007]
        state.console.type(b"1abc")
        assert state.words(1) == [1]
        state.console.type(b"de")
        assert state.evk.request_reset()
        state.console.type(b"2x")
        assert state.words(2) == [0xB007, ord("x")]
        assert state.said == ["reset; 5 bytes that had arrived went with it"]


def test_the_firmwares_own_reset_drops_what_had_arrived(
    make_guest: MakeGuest, rt1050: Board
) -> None:
    guest = make_guest(rt1050, SOURCE.replace("RAM", "0x20201000"))
    with running(rt1050, guest.image()) as state:
        assert state.words(4)[0] == 1
        state.console.type(b"rr")
        assert state.console.read_until(b"\n") == b"\n"
        assert state.words(4)[0] == 2
        state.console.type(b"r")
        assert state.console.read_until(b"\n") == b"\n"
        assert state.words(4)[0] == 3


@pytest.mark.parametrize("kind", [Engine, Core])
def test_a_closed_core_is_freed_without_the_garbage_collector(kind: type[Engine | Core]) -> None:
    gc.disable()
    try:
        core = kind()
        if isinstance(core, Engine):
            core.time_reads(0, 4)
            assert core.run(0, counted=True).cause is Cause.BAD_FETCH
        freed = weakref.ref(core._uc)
        core.close()
        assert freed() is None
        core.stop()
    finally:
        gc.enable()


def test_a_board_that_does_not_run_is_not_reset(make_guest: MakeGuest, rt1050: Board) -> None:
    with running(rt1050, make_guest(rt1050, READER).image()) as state:
        assert state.words(1) == [0xB007]
        state.evk.stop()
        state.thread.join(120)
        assert not state.evk.request_reset()


def test_reset_button_while_the_firmware_hangs(make_guest: MakeGuest, rt1050: Board) -> None:
    source = """
    void guest(void) {
        put_word(1);
        for (;;) { __asm__ volatile(""); }
    }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        for _ in range(3):
            assert state.words(1) == [1]
            state.evk.request_reset()
        assert state.words(1) == [1]


def test_reset_button_in_a_fault_loop(make_guest: MakeGuest, rt1050: Board) -> None:
    source = """
    void on_fault(void) { put_word(2); for (;;) { (void)STAT; } }
    void guest(void) { REG(0x10000000) = 0; }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(1) == [2]
        state.evk.request_reset()
        assert state.words(1) == [2]


def test_memory_has_no_content_that_a_program_expects(make_guest: MakeGuest, board: Board) -> None:
    """Zeros would hide a start-up that does not clear .bss."""
    base = board.region("dtcm").base
    source = f"void guest(void) {{ put_word(REG({base + 0x8000:#x})); put_word(REG(0x100)); }}"
    with running(board, make_guest(board, source).image()) as state:
        assert state.words(2) == [0xA5A5A5A5, 0xA5A5A5A5]


def test_erased_flash_reads_ones(make_guest: MakeGuest, board: Board) -> None:
    end = board.flash_region.end
    source = f"void guest(void) {{ put_word(REG({end - 4:#x})); }}"
    with running(board, make_guest(board, source).image()) as state:
        assert state.words(1) == [0xFFFFFFFF]
