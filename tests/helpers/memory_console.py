"""A console for the virtual EVK that a test holds both ends of."""

from __future__ import annotations

import threading
import time
from collections import deque

from mcuzoo.emulator.consoles import Console


class MemoryConsole(Console):
    """`type` sends to the board; `read_until` waits for what the board has sent."""

    url = "memory://"

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._to_board: deque[bytes] = deque()
        self._from_board = bytearray()
        self._woken = False

    # The board's end

    def receive(self, timeout_s: float) -> bytes:
        with self._change:
            self._change.wait_for(lambda: self._to_board or self._woken, timeout_s)
            self._woken = False
            return self._to_board.popleft() if self._to_board else b""

    def send(self, data: bytes) -> None:
        with self._change:
            self._from_board += data
            self._change.notify_all()

    def wake(self) -> None:
        with self._change:
            self._woken = True
            self._change.notify_all()

    def hung_up(self) -> bool:
        return False

    def close(self) -> None:
        return

    # The test's end

    def type(self, data: bytes) -> None:
        with self._change:
            self._to_board.append(data)
            self._change.notify_all()

    def read_until(self, end: bytes, timeout_s: float = 120.0) -> bytes:
        """Everything up to and with `end`, which is taken away; fails after timeout_s."""
        deadline = time.monotonic() + timeout_s
        with self._change:
            while end not in self._from_board:
                left = deadline - time.monotonic()
                assert left > 0, f"no {end!r} in {bytes(self._from_board[-300:])!r}"
                self._change.wait(left)
            cut = self._from_board.index(end) + len(end)
            taken = bytes(self._from_board[:cut])
            del self._from_board[:cut]
            return taken

    def read(self, size: int, timeout_s: float = 120.0) -> bytes:
        deadline = time.monotonic() + timeout_s
        with self._change:
            while len(self._from_board) < size:
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self._from_board)} of {size} bytes"
                self._change.wait(left)
            taken = bytes(self._from_board[:size])
            del self._from_board[:size]
            return taken
