"""Lets a core that computes hear of bytes that have arrived at the console."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

# Only a core that has left the UART alone for so long is interrupted: a load or store that is under
# way when unicorn is asked to stop is executed twice.
_QUIET_S = 0.02


class Bell:
    """While the firmware listens, calls `ring` whenever the core has computed for 20 ms and the
    count of `touches` has stayed the same. `close` ends its thread."""

    def __init__(self, ring: Callable[[], None], touches: Callable[[], int]) -> None:
        self._ring = ring
        self._touches = touches
        self._listening = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._core_s: Callable[[], float] = time.monotonic

    def listen(self, on: bool) -> None:
        """The firmware wants an interrupt when bytes arrive, or does not any more. Called in the
        thread that runs the core."""
        if not on:
            self._listening.clear()
            return
        self._listening.set()
        if self._thread is None:
            self._core_s = _cpu_time_of_this_thread()
            self._thread = threading.Thread(target=self._watch, name="bell", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._listening.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        touches, since_s = -1, 0.0
        while True:
            self._listening.wait()
            if self._closed.wait(_QUIET_S):
                return
            now, now_s = self._touches(), self._core_s()
            if now != touches or not self._listening.is_set():
                touches, since_s = now, now_s
            elif now_s - since_s >= _QUIET_S:
                self._ring()
                since_s = now_s


def _cpu_time_of_this_thread() -> Callable[[], float]:
    """On a busy machine a thread stands still for long in the middle of a load or store: only the
    processor time that it has had says that it computes. Elsewhere, the time of the day."""
    if sys.platform != "linux":
        return time.monotonic
    clock = time.pthread_getcpuclockid(threading.get_ident())

    def now_s() -> float:
        try:
            return time.clock_gettime(clock)
        except OSError:  # the thread has ended: it computes no more
            return 0.0

    return now_s
