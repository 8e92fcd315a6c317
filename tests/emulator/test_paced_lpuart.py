"""An LPUART on a line that takes its time: ten bits a byte, a FIFO of four bytes, overruns."""

from __future__ import annotations

import pytest
from helpers.guest import MakeGuest

from mcuzoo.board.model import Board
from mcuzoo.emulator.paced_board import PacedBoard, PacedPort
from mcuzoo.emulator.paced_lpuart import PacedLine

# Waits for a byte, then does nothing for 2 ms, in which 23 bytes arrive, then prints how many it
# finds and STAT's OR.
SLEEPER = """
void guest(void) {
    for (;;) {
        put('0' + get() % 10u);
        uint32_t turns = CORE_HZ / 1000u;
        __asm__ volatile("1: subs %0, #1\\n\\tbne 1b" : "+r"(turns) : : "cc");
        const uint32_t status = STAT;
        STAT = status & 0x3E080000u;
        uint32_t received = 0;
        while ((UART(0x2C) >> 24 & 7u) != 0u) { (void)DATA; ++received; }
        put('0' + received);
        put(status & 0x00080000u ? '!' : '.');
    }
}
"""


def said(board: PacedBoard, port: PacedPort, size: int) -> bytes:
    heard = b""
    while len(heard) < size and board.now_s < 10:
        heard += port.read(size - len(heard))
    return heard


@pytest.mark.slow
def test_bytes_that_nobody_reads_are_lost(make_guest: MakeGuest, rt1050: Board) -> None:
    source = SLEEPER.replace("CORE_HZ", f"{rt1050.core.clock_hz}u")
    line = PacedLine(115_200)
    board = PacedBoard(rt1050, make_guest(rt1050, source).image(), line)
    port = PacedPort(board)
    port.write(b"5")
    assert said(board, port, 3) == b"30."  # "5" is 53
    port.write(b"5abc")
    assert said(board, port, 3) == b"33."
    port.write(b"5abcdefghi")
    assert said(board, port, 3) == b"34!"
    assert line.overruns == 5
    port.write(b"6")
    assert said(board, port, 3) == b"40."


def test_bytes_take_their_time(make_guest: MakeGuest, rt1050: Board) -> None:
    source = "void guest(void) { for (;;) { put(get()); } }"
    line = PacedLine(115_200)
    board = PacedBoard(rt1050, make_guest(rt1050, source).image(), line)
    port = PacedPort(board)
    began = board.now_s
    port.write(bytes(range(200)))
    assert said(board, port, 200) == bytes(range(200))
    # 200 bytes there, and the last one back.
    assert abs(board.now_s - began - 201 * 10 / 115_200) < 0.0005
    assert (line.up_bytes, line.down_bytes, line.overruns) == (200, 200, 0)


def test_the_same_traffic_takes_the_same_time(make_guest: MakeGuest, rt1050: Board) -> None:
    source = "void guest(void) { for (;;) { put(get()); } }"
    times = []
    for _ in range(2):
        board = PacedBoard(rt1050, make_guest(rt1050, source).image(), PacedLine(230_400 / 2))
        port = PacedPort(board)
        port.write(b"hello")
        assert said(board, port, 5) == b"hello"
        times.append(board.now_s)
    assert times[0] == times[1]


def test_ends_at_two_rates_do_not_understand_each_other(
    make_guest: MakeGuest, rt1050: Board
) -> None:
    source = "void guest(void) { for (;;) { put(get()); } }"
    board = PacedBoard(rt1050, make_guest(rt1050, source).image(), PacedLine(115_200))
    port = PacedPort(board)
    port.baudrate = 230_400
    port.write(b"hello")
    assert said(board, port, 5) != b"hello"
    port.baudrate = 117_000  # 1.6 % off
    port.write(b"again")
    assert said(board, port, 5) == b"again"
