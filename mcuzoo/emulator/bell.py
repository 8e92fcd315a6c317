"""Lets a core that computes hear of bytes that have arrived at the console."""

from __future__ import annotations

import threading
from collections.abc import Callable

# Only a core that has left the UART alone for so long is interrupted: a load or store that is under
# way when unicorn is asked to stop is executed twice.
_QUIET_S = 0.02


class Bell:
    """While the firmware listens, calls `ring` whenever the count of `touches` stays the same for
    20 ms. `close` ends its thread."""

    def __init__(self, ring: Callable[[], None], touches: Callable[[], int]) -> None:
        self._ring = ring
        self._touches = touches
        self._listening = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, on: bool) -> None:
        """The firmware wants an interrupt when bytes arrive, or does not any more."""
        if not on:
            self._listening.clear()
            return
        self._listening.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="bell", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._listening.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._closed.is_set():
            self._listening.wait()
            touches = self._touches()
            if self._closed.wait(_QUIET_S):
                return
            if self._listening.is_set() and self._touches() == touches:
                self._ring()
