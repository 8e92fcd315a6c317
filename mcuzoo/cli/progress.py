"""Progress of long steps on stderr: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Update = Callable[[int, "int | None"], None]
"""Takes how much is done, and the total if that is known."""

FIRST_S = 2.0
"""Steps that end earlier are not reported."""
AGAIN_S = 15.0
_TICK_S = 0.5
_COLUMNS = 79


class StepLine:
    """The line of a step. `write` gets texts for stderr; `tick` takes seconds since the start."""

    def __init__(self, what: str, live: bool, write: Callable[[str], None]) -> None:
        self._what = what
        self._live = live
        self._write = write
        self._done: int | None = None
        self._total: int | None = None
        self._next_s = FIRST_S
        self._shown = 0

    def update(self, done: int, total: int | None = None) -> None:
        self._done, self._total = done, total

    def tick(self, seconds: float) -> None:
        if seconds < self._next_s:
            return
        if self._live:
            line = self._text(seconds)[:_COLUMNS]
            self._write(f"\r{line:<{self._shown}}")
            self._shown = len(line)
            return
        self._write(f"{self._text(seconds)}\n")
        self._next_s = seconds + AGAIN_S

    def end(self) -> None:
        """Leave the line of a terminal as it was."""
        if self._shown:
            self._write(f"\r{'':<{self._shown}}\r")

    def _text(self, seconds: float) -> str:
        counted = ""
        if self._done is not None:
            counted = f": {self._done:,}" + (f" of {self._total:,}" if self._total else "")
        return f"{self._what}{counted} ... {seconds:.0f} s"


class Interval:
    """Limits how often a line is printed if stderr is no terminal: at most every AGAIN_S."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._next = now() + AGAIN_S

    def is_due(self) -> bool:
        if self._now() < self._next:
            return False
        self._next = self._now() + AGAIN_S
        return True


@contextmanager
def step(what: str) -> Iterator[Update]:
    """Report the progress of the block. The block may call the yielded function with (done, total).

    what: "building", "planning", ... A step that ends within FIRST_S is not reported.
    """
    live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    line = StepLine(what, live, _to_stderr)
    over = threading.Event()
    began = time.monotonic()

    def watch() -> None:
        while not over.wait(_TICK_S):
            line.tick(time.monotonic() - began)

    thread = threading.Thread(target=watch, name="progress", daemon=True)
    thread.start()
    try:
        yield line.update
    finally:
        over.set()
        thread.join()
        line.end()


def _to_stderr(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
