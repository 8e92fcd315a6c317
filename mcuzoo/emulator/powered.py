"""A board that runs in one thread and is reset or ended from others."""

from __future__ import annotations

import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mcuzoo.emulator.consoles import Console

# A core that is about to run misses a request to stop, so requests are repeated ...
_AGAIN_S = 0.05
# ... but for no longer than this.
_PATIENCE_S = 30.0


def say_on_stderr(text: str) -> None:
    print(f"emulator: {text}", file=sys.stderr, flush=True)


@dataclass
class Orders:
    """Requests of other threads to the machine. reset: press the reset button; stop: end it."""

    reset: bool = False
    stop: bool = False


class PoweredBoard(ABC):
    """`console` is at its serial line; `say` gets what the emulator says of it."""

    def __init__(self, console: Console, say: Callable[[str], None]) -> None:
        self._console = console
        self._say = say
        self._orders = Orders()
        self._change = threading.Condition()
        self._runs = False
        self._resets = 0

    @property
    @abstractmethod
    def inferences(self) -> int:
        """Inferences whose instructions were counted, over all resets."""

    @abstractmethod
    def run(self) -> None:
        """Run until `stop`, or until the host hangs up if that is how it was made; once only."""

    @abstractmethod
    def _interrupt(self) -> None:
        """Make the core return from what it executes, if it executes anything."""

    def request_reset(self) -> bool:
        """Press the reset button, from any other thread, and wait until the board has been reset.

        The reset drops console input that has not been read. What the host sends after this call
        reaches the restarted board. Returns False if no board runs or it ends meanwhile.
        """
        with self._change:
            if not self._runs:
                return False
            self._orders.reset = True
            before = self._resets
            self._interrupt_until(lambda: self._resets != before)
            return self._resets != before

    def stop(self) -> None:
        """End `run`, from any other thread, and wait for its end."""
        self._orders.stop = True
        with self._change:
            self._interrupt_until(lambda: False)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """While `run` runs."""
        with self._change:
            self._runs = True
        try:
            yield
        finally:
            with self._change:
                self._runs = False
                self._change.notify_all()

    def _has_reset(self, unread: int) -> None:
        """Between two runs: drop unread input, and wake the thread that pressed the button."""
        with self._change:
            dropped = unread + self._console.discard()
            self._orders.reset = False
            self._resets += 1
            self._change.notify_all()
        went = f"; {dropped:,} bytes that had arrived went with it" if dropped else ""
        self._say(f"reset{went}")

    def _interrupt_until(self, done: Callable[[], bool]) -> None:
        """Interrupt the core until `done`, or until no board runs."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._runs and not done() and time.monotonic() < deadline:
            self._console.wake()
            self._interrupt()
            self._change.wait(_AGAIN_S)
