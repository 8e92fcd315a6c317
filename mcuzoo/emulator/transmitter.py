"""Gathers what the firmware sends byte by byte, and hands it to the console in pieces."""

from __future__ import annotations

import threading
import time
from collections import deque

from mcuzoo.emulator.consoles import Console

# The firmware may compute for seconds after its last byte: nothing waits longer than this.
_LATENCY_S = 0.002
_PIECE_BYTES = 4096


class Transmitter:
    """Bytes on their way to `console`; `count` of them so far. `close` ends its thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._queue: deque[int] = deque()
        self._sending = threading.Lock()
        self._waiting = threading.Event()
        self._closed = False
        self.count = 0
        self._thread = threading.Thread(target=self._flush_late, name="console", daemon=True)
        self._thread.start()

    def put(self, byte: int) -> None:
        queue = self._queue
        queue.append(byte)
        self.count += 1
        if len(queue) == 1:
            self._waiting.set()
        elif len(queue) >= _PIECE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the console."""
        if not self._queue:
            return
        with self._sending:
            data = bytearray()
            while self._queue:
                data.append(self._queue.popleft())
            self._console.send(bytes(data))

    def close(self) -> None:
        """Send what is left and end."""
        self.flush()
        self._closed = True
        self._waiting.set()
        self._thread.join()

    def _flush_late(self) -> None:
        while not self._closed:
            self._waiting.wait()
            self._waiting.clear()
            time.sleep(_LATENCY_S)
            self.flush()
