"""A console behind a line that damages what it carries: `mcuzoo emulate --faults`."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from mcuzoo.emulator.consoles import DISCARDED_PIECES, Console, PortConsole
from mcuzoo.faults.line import Blow, FaultCounts, FaultyLine
from mcuzoo.faults.spec import FaultSpec


class FaultyConsole(Console):
    """`console` behind a FaultyLine; closing it closes `console`.

    press_reset: the board's reset button, of a thread that is not the board's. A thread of this
    class presses it, unplugs and plugs in the port, and sends on what was held back. It starts with
    `start`, once the board runs.
    """

    def __init__(
        self, console: PortConsole, spec: FaultSpec, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self.url = console.url
        self._line = FaultyLine(spec, self._strike, clock)
        self._clock = clock
        self._blows: queue.SimpleQueue[Blow | None] = queue.SimpleQueue()
        self._back_at: float | None = None
        self._sending = threading.Lock()
        self._telling = threading.Lock()
        self._told = False
        self._closed = False
        self._press_reset: Callable[[], object] = lambda: None
        self._thread: threading.Thread | None = None

    def start(self, press_reset: Callable[[], object]) -> None:
        """Let faults strike the board and the port, too."""
        self._press_reset = press_reset
        self._thread = threading.Thread(target=self._work, name="faults", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> FaultCounts:
        """What has happened so far."""
        return self._line.counts

    def tell(self, say: Callable[[str], None]) -> None:
        """Say what has happened; only once, whichever thread comes first."""
        with self._telling:
            if not self._told:
                say(str(self.counts))
            self._told = True

    def receive(self, timeout_s: float) -> bytes:
        """May return empty before `timeout_s` when bytes have arrived and were lost on the way."""
        way = self._line.to_board
        held_s = way.wait_s()
        way.feed(self._console.receive(timeout_s if held_s is None else min(timeout_s, held_s)))
        return way.due()

    def discard(self) -> int:
        """What arrives is damaged and counted first, as ever: a reset changes no later fault."""
        dropped = self._line.to_board.lose()
        for _ in range(DISCARDED_PIECES):
            data = self._console.receive(0.0)
            if not data:
                break
            self._line.to_board.feed(data)
            dropped += self._line.to_board.lose()
        return dropped

    def send(self, data: bytes) -> None:
        with self._sending:
            self._line.to_host.feed(data)
            self._console.send(self._line.to_host.due())
            held = self._line.to_host.wait_s() is not None
        if held:
            self._blows.put(None)  # there is a new time to wait for

    def wake(self) -> None:
        self._console.wake()

    def hung_up(self) -> bool:
        return self._console.hung_up()

    def close(self) -> None:
        """May be called again."""
        self.stop()
        if not self._closed:
            self._closed = True
            self._console.close()

    def stop(self) -> None:
        """End the faults that strike the board and the port."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._blows.put(None)
            thread.join()

    def _strike(self, blow: Blow) -> None:
        """From the thread that moves the bytes, which must not wait for the board."""
        self._blows.put(blow)

    def _work(self) -> None:
        while self._thread is not None:
            try:
                blow = self._blows.get(timeout=self._wait_s())
            except queue.Empty:
                blow = None
            if blow is not None:
                self._execute(blow)
            if self._back_at is not None and self._clock() >= self._back_at:
                self._back_at = None
                self._console.come_back()
            with self._sending:
                self._console.send(self._line.to_host.due())
            self._line.tick()

    def _execute(self, blow: Blow) -> None:
        if blow.kind == "reset":
            self._press_reset()
            return
        if self._back_at is None:
            self._console.vanish()
        self._back_at = self._clock() + blow.for_s

    def _wait_s(self) -> float | None:
        back_s = None if self._back_at is None else max(0.0, self._back_at - self._clock())
        times = (self._line.to_host.wait_s(), self._line.tick_s(), back_s)
        return min((one for one in times if one is not None), default=None)
