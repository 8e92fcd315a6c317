"""The board's UART behind a TCP port and a pseudo-terminal."""

from __future__ import annotations

import os
import random
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from helpers.guest import MakeGuest
from helpers.guest_programs import ECHO

from mcuzoo.board.model import Board
from mcuzoo.emulator.consoles import Console, TcpConsole
from mcuzoo.emulator.evk import VirtualEvk
from mcuzoo.emulator.timers import CountMode
from mcuzoo.errors import PortError

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")


@contextmanager
def board_on(
    console: Console, board: Board, image: bytes, until_hang_up: bool = False
) -> Iterator[threading.Thread]:
    evk = VirtualEvk(
        board, image, console, CountMode(0), until_hang_up=until_hang_up, say=lambda _: None
    )
    thread = threading.Thread(target=evk.run)
    thread.start()
    try:
        yield thread
    finally:
        while thread.is_alive():
            evk.stop()
            thread.join(0.2)
        console.close()


def connect(console: TcpConsole) -> socket.socket:
    host, _, port = console.url.removeprefix("socket://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=120)


def receive(wire: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = wire.recv(size - len(data))
        assert more, f"closed after {data!r}"
        data += more
    return data


def test_echo_over_tcp(make_guest: MakeGuest, board: Board) -> None:
    noise = random.Random(1).randbytes(20_000)
    console = TcpConsole()
    with board_on(console, board, make_guest(board, ECHO).image()), connect(console) as wire:
        assert receive(wire, 6) == b"ready\n"
        threading.Thread(target=wire.sendall, args=(noise,)).start()
        assert receive(wire, len(noise)) == noise


def test_what_is_printed_first_waits_for_the_first_host(
    make_guest: MakeGuest, rt1050: Board
) -> None:
    printed = threading.Event()

    class Watched(TcpConsole):
        def send(self, data: bytes) -> None:
            super().send(data)
            printed.set()

    console = Watched()
    with board_on(console, rt1050, make_guest(rt1050, ECHO).image()):
        assert printed.wait(60)
        with connect(console) as wire:
            assert receive(wire, 6) == b"ready\n"


def test_hosts_come_and_go(make_guest: MakeGuest, rt1050: Board) -> None:
    console = TcpConsole()
    with board_on(console, rt1050, make_guest(rt1050, ECHO).image()) as thread:
        with connect(console) as wire:
            assert receive(wire, 6) == b"ready\n"
        for text in (b"second", b"third"):
            with connect(console) as wire:
                wire.sendall(text)
                assert receive(wire, len(text)) == text
        assert thread.is_alive()


def test_board_ends_with_its_only_host(make_guest: MakeGuest, rt1050: Board) -> None:
    console = TcpConsole()
    image = make_guest(rt1050, ECHO).image()
    with board_on(console, rt1050, image, until_hang_up=True) as thread:
        with connect(console) as wire:
            assert receive(wire, 6) == b"ready\n"
            assert thread.is_alive()
        thread.join(120)
        assert not thread.is_alive()


def test_board_answers_while_it_computes_on(make_guest: MakeGuest, rt1050: Board) -> None:
    """Nothing is held back until the firmware looks at its receiver again."""
    source = "void guest(void) { (void)get(); put('!'); for (;;) { __asm__ volatile(\"\"); } }"
    console = TcpConsole()
    with board_on(console, rt1050, make_guest(rt1050, source).image()), connect(console) as wire:
        wire.sendall(b"go")
        assert receive(wire, 1) == b"!"


def test_host_that_does_not_read_does_not_block_the_end(
    make_guest: MakeGuest, rt1050: Board
) -> None:
    source = "void guest(void) { for (;;) { put('x'); } }"
    console = TcpConsole()
    with board_on(console, rt1050, make_guest(rt1050, source).image()), connect(console):
        time.sleep(0.5)


def test_idle_board_costs_no_processor_time(make_guest: MakeGuest, rt1050: Board) -> None:
    """Bounded by polls, not by a clock: an idle board asks its console, and waits there."""

    class Watched(TcpConsole):
        waits = 0

        def receive(self, timeout_s: float) -> bytes:
            self.waits += 1
            assert timeout_s >= 0.1
            return super().receive(timeout_s)

    console = Watched()
    with board_on(console, rt1050, make_guest(rt1050, ECHO).image()), connect(console) as wire:
        assert receive(wire, 6) == b"ready\n"
        before = console.waits
        time.sleep(1.0)
        assert console.waits - before <= 12


def discard_all(console: Console, expected: int) -> None:
    """What a host has sent is on its way for a moment."""
    dropped = 0
    deadline = time.monotonic() + 20
    while dropped < expected and time.monotonic() < deadline:
        dropped += console.discard()
    assert dropped == expected


def receive_soon(console: Console) -> bytes:
    """A wake-up that is left over ends one wait."""
    return console.receive(20.0) or console.receive(20.0)


def test_what_has_arrived_can_be_dropped() -> None:
    console = TcpConsole()
    with connect(console) as wire:
        wire.sendall(b"x" * 100_000)
        discard_all(console, 100_000)
        wire.sendall(b"y")
        assert receive_soon(console) == b"y"
    console.close()


@posix
def test_what_has_arrived_at_a_pty_can_be_dropped() -> None:
    from mcuzoo.emulator.pty_console import PtyConsole

    console = PtyConsole()
    wire = os.open(console.url, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(wire, b"x" * 3000)
        discard_all(console, 3000)
        os.write(wire, b"y")
        assert receive_soon(console) == b"y"
    finally:
        os.close(wire)
        console.close()


def test_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortError, match=f"TCP port {port} on") as caught:
            TcpConsole(port)
    assert caught.value.exit_code == 3


@posix
def test_echo_over_a_pty(make_guest: MakeGuest, board: Board) -> None:
    import serial

    from mcuzoo.emulator.pty_console import PtyConsole

    noise = random.Random(2).randbytes(3000)
    console = PtyConsole()
    with (
        board_on(console, board, make_guest(board, ECHO).image()),
        serial.Serial(console.url, 115200, timeout=120) as port,
    ):
        port.write(b"?")
        port.read_until(b"?")
        for at in range(0, len(noise), 500):
            port.write(noise[at : at + 500])
            assert port.read(500) == noise[at : at + 500]


@posix
def test_pty_can_be_opened_again(make_guest: MakeGuest, rt1050: Board) -> None:
    import serial

    from mcuzoo.emulator.pty_console import PtyConsole

    console = PtyConsole()
    with board_on(console, rt1050, make_guest(rt1050, ECHO).image()) as thread:
        for text in (b"one", b"two"):
            with serial.Serial(console.url, 115200, timeout=120) as port:
                port.write(text)
                assert port.read_until(text).endswith(text)
        assert thread.is_alive()


@posix
def test_pty_without_reader_loses_bytes_and_goes_on(make_guest: MakeGuest, rt1050: Board) -> None:
    from mcuzoo.emulator.pty_console import PtyConsole

    source = """
    void guest(void) {
        for (uint32_t i = 0; i < 300000; ++i) { put('x'); }
        put_word(get());
    }
    """

    class Watched(PtyConsole):
        passed = 0

        def send(self, data: bytes) -> None:
            super().send(data)
            self.passed += len(data)
            if self.passed >= 300_000:
                printed.set()

    printed = threading.Event()
    console = Watched()
    with board_on(console, rt1050, make_guest(rt1050, source).image()):
        assert printed.wait(60)
        wire = os.open(console.url, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(wire, b"z")
            text = b""
            while not text.endswith(b"\n"):
                text += os.read(wire, 4096)
        finally:
            os.close(wire)
    assert text.endswith(b"0000007a\n")
    assert len(text) < 300_000


@posix
def test_pty_answers_a_host_that_comes_to_a_full_terminal() -> None:
    from mcuzoo.emulator.pty_console import PtyConsole

    console = PtyConsole()
    wire = os.open(console.url, os.O_RDWR | os.O_NOCTTY)
    try:
        console.send(b"x" * 100_000)  # nobody reads: the rest is lost
        os.write(wire, b"?")
        assert console.receive(1.0) == b"?"
        answering = threading.Thread(target=console.send, args=(b"answer\n",))
        answering.start()
        time.sleep(0.1)
        text = b""
        while not text.endswith(b"answer\n"):
            assert select.select([wire], [], [], 5.0)[0], "the answer was lost"
            text += os.read(wire, 4096)
        answering.join()
    finally:
        os.close(wire)
        console.close()
