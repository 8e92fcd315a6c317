"""The faults that strike the board and its port, and the time that bytes are held back."""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mcuzoo.emulator.consoles import PortConsole, TcpConsole
from mcuzoo.emulator.faulty_console import FaultyConsole
from mcuzoo.faults.spec import FaultSpec

posix = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")


@contextmanager
def console_with(
    text: str, console: PortConsole, press_reset: Callable[[], object] = lambda: None
) -> Iterator[FaultyConsole]:
    faulty = FaultyConsole(console, FaultSpec.parse(text))
    faulty.start(press_reset)
    try:
        yield faulty
    finally:
        faulty.close()


def address(console: FaultyConsole) -> tuple[str, int]:
    host, _, port = console.url.removeprefix("socket://").rpartition(":")
    return host, int(port)


def connect_soon(console: FaultyConsole) -> socket.socket:
    deadline = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(address(console), timeout=60)
        except ConnectionError:
            assert time.monotonic() < deadline, "the port does not come back"
            time.sleep(0.01)


def receive(console: FaultyConsole, size: int) -> bytes:
    deadline = time.monotonic() + 60
    data = b""
    while len(data) < size:
        assert time.monotonic() < deadline, f"only {data!r} came"
        data += console.receive(0.1)
    return data


def test_bytes_are_damaged_both_ways() -> None:
    with (
        console_with("flip=0.1,seed=1", TcpConsole()) as console,
        socket.create_connection(address(console), timeout=60) as wire,
    ):
        wire.sendall(bytes(1000))
        assert receive(console, 1000) != bytes(1000)
        console.send(bytes(1000))
        arrived = b""
        while len(arrived) < 1000:
            arrived += wire.recv(1000)
        assert arrived != bytes(1000)
    counts = console.counts
    assert counts.to_board.faults["flip"] > 0 and counts.to_host.faults["flip"] > 0


def test_what_is_held_back_arrives_by_itself() -> None:
    with (
        console_with("stall=0.1 for 200ms:down", TcpConsole()) as console,
        socket.create_connection(address(console), timeout=60) as wire,
    ):
        wire.sendall(b"?")
        assert receive(console, 1) == b"?"
        console.send(bytes(range(100)))
        arrived = b""
        while len(arrived) < 100:
            arrived += wire.recv(100)
        assert arrived == bytes(range(100))
        assert console.counts.to_host.faults["stall"] > 0


def test_the_reset_button_is_pressed() -> None:
    pressed = threading.Semaphore(0)
    with (
        console_with("reset=0.1:up", TcpConsole(), pressed.release) as console,
        socket.create_connection(address(console), timeout=60) as wire,
    ):
        wire.sendall(bytes(200))
        while console.counts.to_board.bytes < 200:
            console.receive(0.1)
        for _ in range(console.counts.to_board.faults["reset"]):
            assert pressed.acquire(timeout=60)
        assert console.counts.to_board.faults["reset"] > 5


def test_the_reset_button_is_pressed_by_the_clock() -> None:
    pressed = threading.Semaphore(0)
    with console_with("reset=every 100ms", TcpConsole(), pressed.release) as console:
        for _ in range(3):
            assert pressed.acquire(timeout=60)
    assert console.counts.clock["reset"] >= 3


def test_a_tcp_port_vanishes_and_comes_back() -> None:
    console = TcpConsole()
    url = console.url
    with console_with("reset=every 24h", console) as faulty:
        for text in (b"first", b"second"):
            with connect_soon(faulty) as wire:
                wire.sendall(text)
                assert receive(faulty, len(text)) == text
                console.vanish()
                assert wire.recv(1) == b""
                assert faulty.receive(0.0) == b""
            deadline = time.monotonic() + 60
            while True:  # until the porter has closed it
                assert time.monotonic() < deadline
                try:
                    socket.create_connection(address(faulty), timeout=60).close()
                except ConnectionRefusedError:
                    break
                except ConnectionError:  # at this moment
                    continue
            console.come_back()
        assert faulty.url == url
        with connect_soon(faulty) as wire:
            wire.sendall(b"third")
            assert receive(faulty, 5) == b"third"


def test_a_tcp_port_reopens_by_bytes() -> None:
    with console_with("reopen=0.1 for 50ms:up", TcpConsole()) as console:
        # A connection that begins while the port goes away ends with it, with no fault of its own.
        for _ in range(20):
            with connect_soon(console) as wire, suppress(ConnectionError):
                while not select.select([wire], [], [], 0)[0]:
                    wire.sendall(b"x")
                    console.receive(0.1)
                assert wire.recv(1) == b""
            if console.counts.to_board.faults["reopen"] >= 3:
                break
        assert console.counts.to_board.faults["reopen"] >= 3


@posix
def test_a_terminal_vanishes_and_comes_back_under_its_name() -> None:
    from mcuzoo.emulator.pty_console import PtyConsole

    console = PtyConsole(linked=True)
    link = Path(console.url)
    with console_with("reset=every 24h", console) as faulty:
        for text in (b"first", b"second"):
            assert link.is_symlink()
            wire = os.open(link, os.O_RDWR | os.O_NOCTTY)
            os.write(wire, text)
            assert receive(faulty, len(text)) == text
            console.vanish()
            assert not link.exists()
            faulty.send(b"nobody is there")
            with pytest.raises(OSError):
                os.write(wire, b"x")
            assert faulty.receive(0.0) == b""
            # The host still holds on to the dead one.
            console.come_back()
            os.close(wire)
        wire = os.open(link, os.O_RDWR | os.O_NOCTTY)
        faulty.send(b"answer")
        assert os.read(wire, 100) == b"answer"
        os.close(wire)
    assert not link.parent.exists()


def test_counts_are_told_once() -> None:
    said: list[str] = []
    console = FaultyConsole(TcpConsole(), FaultSpec.parse("flip=0.1,seed=4"))
    console.tell(said.append)
    console.tell(said.append)
    console.close()
    assert said == [
        "faults: none in 0 bytes to the board; none in 0 bytes to the host (seed 4)",
    ]
