"""Registers of the core that start-up code reads and writes."""

from __future__ import annotations

from helpers.guest import MakeGuest, running

from mcuzoo.board.model import Board


def test_identity(make_guest: MakeGuest, board: Board) -> None:
    """CPUID names M as implementer: this is no Arm core. The caches are those of the board."""
    source = """
    void guest(void) {
        put_word(REG(0xE000ED00));
        put_word(REG(0xE000ED90));
        put_word(REG(0xE000ED78));
        REG(0xE000ED84) = 0; put_word(REG(0xE000ED80));
        REG(0xE000ED84) = 1; put_word(REG(0xE000ED80));
        put_word(REG(0xE000EF40));
    }
    """
    with running(board, make_guest(board, source).image()) as state:
        assert state.words(6) == [
            0x4D1FC271,
            board.core.mpu_regions << 8,
            0x09000003,
            0xF01FE019,  # 32 KB, 4 ways of 32-byte lines (DDI 0489, 4.3.3)
            0xF03FE009,  # 32 KB, 2 ways
            0x10110221,
        ]


def test_what_can_be_written(make_guest: MakeGuest, rt1050: Board) -> None:
    source = """
    void guest(void) {
        REG(0xE000ED08) = 0x60002FFFu; put_word(REG(0xE000ED08));
        REG(0xE000ED08) = 0x60002000u;
        REG(0xE000ED00) = 0; put_word(REG(0xE000ED00) >> 24);
        REG(0xE000ED0C) = 0x05FA0000u; put_word(REG(0xE000ED0C));
        REG8(0xE000ED1F) = 0xE0u; put_word(REG(0xE000ED1C));
        REG(0xE000E100) = 0x00100001u; put_word(REG(0xE000E100));
        REG(0xE000E180) = 0x1u; put_word(REG(0xE000E180));
        REG8(0xE000E414) = 0x40u; put_word(REG(0xE000E414));
        REG(0xE000EF60) = 0; REG(0xE000EF50) = 0;
        put_word(REG(0xE000E010));
    }
    """
    with running(rt1050, make_guest(rt1050, source).image()) as state:
        assert state.words(8) == [
            0x60002F80,
            0x4D,
            0xFA050000,
            0xE0000000,
            0x00100001,
            0x00100000,
            0x40,
            0,
        ]
