"""End the threads of a run soon, whatever their boards are doing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from mcuzoo.link.port_watch import PortWatch
from mcuzoo.link.transport import Port


class Stopped(Exception):
    """The run needs this board no more. Raised in the thread of the board, and caught there."""


class Stop:
    """A flag for one board's thread: `set` it, and the thread ends as soon as it waits, reads or
    writes. A pause of the thread is `sleep`."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._wake: Callable[[], None] = lambda: None

    def set(self) -> None:
        self._event.set()
        with suppress(Exception):  # of a port that is being closed at this moment
            self._wake()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def wakes(self, wake: Callable[[], None]) -> None:
        """`wake` ends what the thread is blocked in."""
        self._wake = wake

    def check(self) -> None:
        """Raise Stopped if it is set."""
        if self._event.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Stopped, at once when it is set meanwhile."""
        if self._event.wait(seconds):
            raise Stopped


class StoppablePorts(PortWatch):
    """A PortWatch whose ports raise Stopped when `stop` is set; closing one works all the same."""

    def __init__(self, stop: Stop, url: str, **options: Any) -> None:
        super().__init__(url, sleep=stop.sleep, **options)
        self._stop = stop

    def open(self, baud: int) -> Port:
        self._stop.check()
        return cast(Port, _StoppablePort(super().open(baud), self._stop))


class _StoppablePort:
    """Whatever the port has; `stop` is looked at before everything but `close`."""

    def __init__(self, port: Any, stop: Stop) -> None:
        self.__dict__.update(_port=port, _stop=stop, close=port.close)
        # A write to a board that takes nothing would last until its time-out.
        stop.wakes(getattr(port, "cancel_write", lambda: None))

    def __getattr__(self, name: str) -> Any:
        self._stop.check()
        return getattr(self._port, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._stop.check()
        setattr(self._port, name, value)
