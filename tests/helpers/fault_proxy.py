"""A serial line between a host and a board process: a pty or a TCP socket, perfect or not."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from helpers.host_firmware import HostBoard

KINDS = ("drop", "flip", "duplicate", "noise", "truncate", "delay", "reset")


class Board(Protocol):
    """A HostBoard, or what stands in its place."""

    alive: bool
    restarts: int

    @property
    def output_fd(self) -> int: ...
    def write(self, data: bytes) -> None: ...
    def read(self) -> bytes: ...
    def process_ended(self) -> None: ...
    def restart(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Faults:
    """What goes wrong, about once every `mean_bytes` in each direction, from `seed`."""

    seed: int
    mean_bytes: int
    kinds: tuple[str, ...] = KINDS


class Injector:
    """One direction of the line. Where the faults strike depends on byte counts, not on time.

    What swallows bytes lasts 50 ms at most: a quiet line would stay dead for ever.
    """

    def __init__(self, faults: Faults, direction: str) -> None:
        self._faults = faults
        self._random = random.Random(f"{faults.seed}-{direction}")
        self._past = b""
        self._left = self._distance()
        self._swallow = 0
        self._swallow_until = 0.0
        self.struck: list[str] = []

    def _distance(self) -> int:
        return 1 + int(self._random.expovariate(1 / self._faults.mean_bytes))

    def pass_on(self, data: bytes, board: Board) -> bytes:
        """What arrives of `data` at the other end."""
        arrived = b""
        while data:
            step, data = data[: self._left], data[self._left :]
            self._left -= len(step)
            if time.monotonic() > self._swallow_until:
                self._swallow = 0
            swallowed = min(self._swallow, len(step))
            self._swallow -= swallowed
            arrived += step[swallowed:]
            self._past = (self._past + step)[-400:]
            if self._left == 0:
                arrived = self._strike(arrived, board)
                self._left = self._distance()
        return arrived

    def _strike(self, arrived: bytes, board: Board) -> bytes:
        kind = self._random.choice(self._faults.kinds)
        pick = self._random.randrange
        self.struck.append(kind)
        self._swallow_until = time.monotonic() + 0.05
        if kind == "drop":
            self._swallow = pick(1, 40)
        elif kind == "truncate":
            self._swallow = pick(100, 800)
        elif kind == "flip" and arrived:
            return arrived[:-1] + bytes([arrived[-1] ^ 1 << pick(8)])
        elif kind == "duplicate":
            return arrived + self._past[-pick(1, 400) :]
        elif kind == "noise":
            return arrived + self._random.randbytes(pick(1, 60))
        elif kind == "delay":
            time.sleep(self._random.uniform(0.005, 0.05))
        elif kind == "reset":
            board.restart()
            return b""
        return arrived


class Line:
    """Pumps bytes between `board` and `url` until it is closed; restarts a board that asks.

    One thread does all the pumping and owns the board while the line is open.
    """

    def __init__(self, board: Board, faults: Faults | None = None, tcp: bool = False) -> None:
        self._board = board
        self.to_board = Injector(faults, "to-board") if faults else None
        self.to_host = Injector(faults, "to-host") if faults else None
        self._closing = threading.Event()
        self._errands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._server: socket.socket | None = None
        self._held: list[int] = []
        self._budget: int | None = None
        if tcp:
            self._server = socket.create_server(("127.0.0.1", 0))
            self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        else:
            self._host_fd = self._open_pty()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def board(self) -> HostBoard:
        """Where it is a process."""
        assert isinstance(self._board, HostBoard)
        return self._board

    def _open_pty(self) -> int:
        import pty
        import tty

        master, slave = pty.openpty()
        # Raw before anything is said, so that the terminal does not echo the board to itself; the
        # slave stays open, so that a host may come and go.
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._held = [master, slave]
        self.url = os.ttyname(slave)
        return master

    def _run(self) -> None:
        connection = None
        if self._server:
            connection, _ = self._server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            self._host_fd = connection.fileno()
        while not self._closing.is_set():
            while not self._errands.empty():
                self._errands.get()()
            watched = [self._board.output_fd] if self._board.alive else []
            if self._budget is None or self._budget > 0:
                watched.append(self._host_fd)
            ready, _, _ = select.select(watched, [], [], 0.02)
            if self._host_fd in ready and not self._pump_to_board():
                break
            if self._board.alive and self._board.output_fd in ready:
                self._pump_to_host()
        if connection:
            connection.close()

    def stop_after(self, size_bytes: int | None) -> None:
        """Let about so many more bytes through to the board, then none; None: all of them."""
        self._budget = size_bytes

    def press_reset(self) -> None:
        self._run_errand(self._board.restart)

    def kill_board(self) -> None:
        self._run_errand(self.board.kill)

    def write_to_board(self, data: bytes) -> None:
        """Bytes that no host has sent."""
        self._run_errand(lambda: self._board.write(data))

    def _run_errand(self, errand: Callable[[], None]) -> None:
        done = threading.Event()
        self._errands.put(errand)
        self._errands.put(done.set)
        assert done.wait(timeout=60)

    def _pump_to_board(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._host_fd, 4096)
            if not data:
                return False
            if self._budget is not None:
                self._budget -= len(data)
            if self.to_board:
                data = self.to_board.pass_on(data, self._board)
            self._board.write(data)
        return True

    def _pump_to_host(self) -> None:
        data = self._board.read()
        if not data:
            self._board.process_ended()
        if self.to_host:
            data = self.to_host.pass_on(data, self._board)
        while data:
            try:
                data = data[os.write(self._host_fd, data) :]
            except BlockingIOError:
                # Nobody reads: a UART would lose it, too.
                return

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._closing.set()
        if self._server and self._thread.is_alive():
            # Wakes a thread that still waits for its first host.
            with contextlib.suppress(OSError):
                socket.create_connection(self._server.getsockname()[:2], timeout=1).close()
            self._server.close()
        self._thread.join(timeout=60)
        for descriptor in self._held:
            os.close(descriptor)
        self._board.close()
