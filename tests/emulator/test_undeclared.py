"""What is not declared cannot be accessed: the emulated board ends and says where."""

from __future__ import annotations

import re

import pytest
from helpers.guest import MakeGuest, running

from mcuzoo.board.model import Board
from mcuzoo.errors import EmulatorError

pytestmark = pytest.mark.slow

ACCESS = """
void guest(void) {
    (void)get();
    %s;
    put('!');
}
"""


def end_of(make_guest: MakeGuest, board: Board, statement: str) -> EmulatorError:
    with running(board, make_guest(board, ACCESS % statement).image()) as state:
        state.console.type(b"g")
        failure = state.failure()
    assert isinstance(failure, EmulatorError)
    assert failure.exit_code == 5
    return failure


def test_read_names_pc_address_and_nearest(make_guest: MakeGuest, board: Board) -> None:
    window = next(w for w in board.emulator.windows if w.name == "IOMUXC_GPR")
    address = window.base + 0x800
    failure = end_of(make_guest, board, f"(void)REG({address:#x})")
    found = re.search(r"at PC (0x[0-9a-f]{8}), ", failure.message)
    assert found is not None
    code = board.flash_region.base + board.boot.vector_table_offset
    assert code < int(found[1], 16) < code + 0x400
    assert f"4-byte read of {address:#010x}" in failure.message
    assert "the nearest is IOMUXC_GPR.GPR" in failure.message
    assert f"{board.id}.toml" in failure.message
    assert "[[emulator.windows]]" in failure.hint


def test_the_pc_is_that_of_the_access(make_guest: MakeGuest, rt1050: Board) -> None:
    """The access stands behind a label; the guest prints its address first."""
    source = """
    void guest(void) {
        extern const uint8_t here[];
        put_word((uint32_t)(uintptr_t)here);
        __asm__ volatile("movs r2, #7\\n\\tnop\\n\\t.global here\\nhere: str r2, [%0]\\n\\tnop"
                         : : "r"(0x400AC900) : "r2", "memory");
    }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        (label,) = state.words(1)
        message = str(state.failure())
    assert f"at PC {label & ~1:#010x}" in message
    assert "4-byte write of 0x7 to 0x400ac900" in message


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("REG(0x400F4000) = 5", "4-byte write of 0x5 to 0x400f4000"),  # GPC: no window at all
        ("(void)REG16(0x400B8002)", "2-byte read of 0x400b8002"),  # between two registers
        ("(void)REG(0x400B8000)", "4-byte read of 0x400b8000"),  # wider than the register
        ("REG8(0xE000ED08) = 1", "1-byte write of 0x1 to 0xe000ed08"),  # VTOR takes words only
        ("(void)REG(0xE000E020)", "4-byte read of 0xe000e020"),
        ("(void)REG(0xE0001008)", "4-byte read of 0xe0001008"),  # DWT: only CYCCNT
        ("(void)REG(0xE0040000)", "4-byte read of 0xe0040000"),  # TPIU
        ("(void)UART(0x30)", "4-byte read of 0x40184030"),
    ],
)
def test_everything_else_faults(
    make_guest: MakeGuest, rt1050: Board, statement: str, what: str
) -> None:
    assert what in end_of(make_guest, rt1050, statement).message


def test_narrow_access_to_a_wide_register(make_guest: MakeGuest, rt1050: Board) -> None:
    source = """
    void guest(void) {
        REG(0x400AC004) = 0x11223344u;
        REG8(0x400AC005) = 0xAAu;
        REG16(0x400AC006) = 0xBBCCu;
        put_word(REG(0x400AC004));
        put_word(REG8(0x400AC007));
    }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(2) == [0xBBCCAA44, 0xBB]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CTRL = 0x008C0000u", "interrupt of the console"),
        ("UART(0x10) |= 0x00200000u", "by DMA"),
        ("REG(0xE000ED04) = 0x10000000u", "pends an exception by software"),
        ('__asm__ volatile("wfi")', "waits for an interrupt"),
        ('__asm__ volatile("msr control, %0\\n\\tisb\\n\\tsvc #0" : : "r"(2))', "process stack"),
    ],
)
def test_what_is_not_modelled_is_refused(
    make_guest: MakeGuest, rt1050: Board, statement: str, said: str
) -> None:
    failure = end_of(make_guest, rt1050, statement)
    assert said in failure.message
    assert "PC 0x" in failure.message


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_console_needs_its_clock_and_pins(make_guest: MakeGuest, board: Board, index: int) -> None:
    from helpers.guest import register_address

    need = board.emulator.console_needs[index]
    address = register_address(board, need.register_name)
    statement = f"CTRL = 0; REG({address:#x}) ^= {need.mask & -need.mask:#x}u; CTRL = 0x000C0000u"
    failure = end_of(make_guest, board, statement)
    assert need.why in failure.message
    assert need.register_name in failure.message
