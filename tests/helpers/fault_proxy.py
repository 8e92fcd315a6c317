"""A serial line between a host and a board process: a pty or a TCP socket, perfect or not."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

from helpers.host_firmware import HostBoard

from mcuzoo.faults.line import Blow, FaultyLine
from mcuzoo.faults.spec import Fault, FaultSpec

KINDS = ("drop", "flip", "duplicate", "noise", "truncate", "delay", "reset")
"""What does not make a test slow."""


PERFECT = FaultSpec(())


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


def faults_of(seed: int, mean_bytes: int, kinds: Sequence[str] = KINDS) -> FaultSpec:
    """One of `kinds` goes wrong about once every `mean_bytes` in each direction, from `seed`."""
    rate = 1 / (mean_bytes * len(kinds))
    return FaultSpec(tuple(Fault(kind, rate) for kind in kinds), seed)


class Line:
    """Pumps bytes between `board` and `url` until it is closed; restarts a board that asks.

    One thread does all the pumping and owns the board while the line is open. counts: what the
    faults did, over all changes of them.
    """

    def __init__(self, board: Board, faults: FaultSpec = PERFECT, tcp: bool = False) -> None:
        self._board = board
        self._faulty = FaultyLine(faults, self._strike)
        self._struck: Counter[str] = Counter()
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
            self._faulty.tick()
            watched = [self._board.output_fd] if self._board.alive else []
            if self._budget is None or self._budget > 0:
                watched.append(self._host_fd)
            ready, _, _ = select.select(watched, [], [], self._wait_s())
            if self._host_fd in ready and not self._pump_to_board():
                break
            if self._board.alive and self._board.output_fd in ready:
                self._take_from_board()
            self._board.write(self._faulty.to_board.due())
            self._write_to_host(self._faulty.to_host.due())
        if connection:
            connection.close()

    def _wait_s(self) -> float:
        line = self._faulty
        times = (0.02, line.to_board.wait_s(), line.to_host.wait_s(), line.tick_s())
        return min(one for one in times if one is not None)

    def _strike(self, blow: Blow) -> None:
        """In the thread that pumps: the board restarts at once."""
        assert blow.kind == "reset"
        self._board.restart()

    @property
    def struck(self) -> Counter[str]:
        """How often each kind of fault has struck so far."""
        return self._struck + self._faulty.counts.total

    def change_faults(self, faults: FaultSpec) -> None:
        """From now on; what is held back is lost."""

        def change() -> None:
            self._struck = self.struck
            self._faulty = FaultyLine(faults, self._strike)

        self._run_errand(change)

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
            self._faulty.to_board.feed(data)
        return True

    def _take_from_board(self) -> None:
        data = self._board.read()
        if not data:
            self._board.process_ended()
        self._faulty.to_host.feed(data)

    def _write_to_host(self, data: bytes) -> None:
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
