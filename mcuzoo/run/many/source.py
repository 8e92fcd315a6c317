"""Where a run gets its boards from.

The scheduler of a run (scheduler.py) knows a board only by its BoardSource. What is behind it is
a port of this machine (PortSource), perhaps with a power switch, or a place of a farm: whatever
can say where the board's line is. Each board of a run has a thread of its own (worker.py), which
calls, in this order:

    acquire     once, before anything is sent
    gone        before every image: whether the board may still be used
    lost        each time the board cannot be reached any more, although its port was opened again
                several times: to bring it back, or to give it up
    release     once, at the end, after whatever has happened; also if acquire raised

The calls may take long: only this board waits. They use `stop.sleep` for pauses and look at
`stop.check` between steps, which end them when the run ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from mcuzoo.errors import McuzooError
from mcuzoo.link.port_watch import DEFAULT_WAIT_S
from mcuzoo.project.manifest import Manifest
from mcuzoo.rig.boards import Power
from mcuzoo.rig.power import cycle
from mcuzoo.run.many.stop import Stop
from mcuzoo.run.sessions import Line
from mcuzoo.run.upload import Upload


class BoardSource(Protocol):
    """A board that a run may use. All methods are called from the one thread of the board."""

    @property
    def name(self) -> str:
        """What messages, tables and the journal call the board; no other of the run has it."""

    def acquire(self, stop: Stop) -> Line:
        """Make the board ours; where its line is.

        Raises RigError if that cannot be: the board is left out of the run, with that reason.
        """

    def gone(self) -> McuzooError | None:
        """Asked before every image: why the board may not be used any more, although its line may
        still work; None: it may. A reason is a loss of the board, as if it were silent."""

    def lost(self, error: McuzooError, stop: Stop) -> Line | None:
        """The board does not answer any more, for the reason `error`. Bring it back: the line to
        try, perhaps another one than before. None: nothing is left to try, it is retired.

        Raises RigError if bringing it back failed: the board is retired with both reasons.
        """

    def release(self) -> None:
        """Give the board back. Must not raise."""


@dataclass(frozen=True)
class BoardOfRun:
    """A board of a run: where it is, and which firmware it must have.

    upload: the model that it gets first, of a universal firmware.
    """

    source: BoardSource
    manifest: Manifest
    upload: Upload | None = None

    @property
    def name(self) -> str:
        return self.source.name


class PortSource:
    """A board at a port of this machine. power: its switch, used once, when the board is lost."""

    def __init__(self, name: str, line: Line, power: Power | None = None) -> None:
        self._name = name
        self._line = line
        self._power = power

    @property
    def name(self) -> str:
        return self._name

    def acquire(self, stop: Stop) -> Line:
        return self._line

    def gone(self) -> McuzooError | None:
        return None

    def lost(self, error: McuzooError, stop: Stop) -> Line | None:
        power, self._power = self._power, None
        if power is None:
            return None
        cycle(power, stop.sleep)
        # Its USB device goes away with the power and comes back.
        return replace(self._line, wait_port=self._line.wait_port or DEFAULT_WAIT_S)

    def release(self) -> None:
        pass
