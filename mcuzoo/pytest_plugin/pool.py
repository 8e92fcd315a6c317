"""Boards that the workers of a test run share: a worker leases one, exclusively, and gives it back.

A lease of a board at a port is a file lock, which the system frees when its worker dies; other
test runs of the same user go by the same locks. A place of a farm is leased by labgrid's own lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mcuzoo.emulator.url import SCHEME
from mcuzoo.errors import (
    FarmError,
    McuzooError,
    PortError,
    ProtocolError,
    RigError,
    WrongFirmwareError,
)
from mcuzoo.pytest_plugin.shared import Retired, Shared, key_of, locked, waited
from mcuzoo.run.many.place_source import acquired_places
from mcuzoo.run.many.source import BoardOfRun
from mcuzoo.run.options import RunOptions
from mcuzoo.run.record import Settings
from mcuzoo.run.sessions import Subject

_POLL_S = 0.05
_BUSY_S = 1.0
"""A port that another program has open is tried again after this time."""


@dataclass(frozen=True)
class Candidate:
    """A board that tests may use. port: as it was named, also before its line is known. project:
    of its firmware. probe: its debug probe; baud: as its rig file says. rig: the file it is from.
    """

    board: BoardOfRun
    port: str
    project: Path
    probe: str | None = None
    baud: int | None = None
    rig: Path | None = None

    @property
    def name(self) -> str:
        return self.board.name

    @property
    def many(self) -> bool:
        """Whether each worker gets one of its own: each opening of an emulator's port is."""
        return self.port.lower().startswith(SCHEME)


class Lease:
    """A board that is this worker's until `release`."""

    def __init__(self, candidate: Candidate, release: Callable[[], object]) -> None:
        self.candidate = candidate
        self._release = release

    def release(self) -> None:
        self._release()


class Boards(Protocol):
    """Where leases are from."""

    @property
    def contended(self) -> bool:
        """Whether another worker may be waiting for the board that this one has."""

    @property
    def alone(self) -> bool:
        """Whether there is only one board."""

    def lease(self, deadline: float) -> Lease:
        """A board. Raises RigError if none is left, or none is free by `deadline`, of
        time.monotonic()."""

    def busy(self, name: str) -> None:
        """Another program has that board's port open: it is not given out for a while."""


class BoardsAtPorts:
    """The boards at ports of this machine. leases: the folder of the locks. several_workers: other
    workers lease them, too."""

    def __init__(
        self, candidates: Sequence[Candidate], shared: Shared, leases: Path, several_workers: bool
    ) -> None:
        self._candidates = candidates
        self._shared = shared
        self._leases = leases
        leases.mkdir(parents=True, exist_ok=True)
        self.contended = several_workers and not all(one.many for one in candidates)
        self.alone = len(candidates) == 1
        self._busy_until: dict[str, float] = {}

    def busy(self, name: str) -> None:
        self._busy_until[name] = time.monotonic() + _BUSY_S

    def lease(self, deadline: float) -> Lease:
        try:
            # Who waits first gets the next free board, before one that has just given one back.
            with waited(self._shared.folder / "queue.lock", deadline):
                while True:
                    lease = self._free()
                    if lease is not None:
                        return lease
                    if time.monotonic() > deadline:
                        raise TimeoutError
                    time.sleep(_POLL_S)
        except TimeoutError:
            names = ", ".join(one.name for one in self._candidates)
            raise RigError(
                f"Others have all boards: {names}.",
                "Wait longer by --mcuzoo-wait S, or use fewer workers: pytest -n N.",
            ) from None

    def _free(self) -> Lease | None:
        retired = self._shared.retired()
        left = [one for one in self._candidates if one.name not in retired]
        if not left:
            raise none_left(list(retired.values()))
        for candidate in left:
            if time.monotonic() < self._busy_until.get(candidate.name, 0.0):
                continue
            if candidate.many:
                return Lease(candidate, lambda: None)
            file = locked(self._leases / f"{key_of(candidate.port)}.lock")
            if file is not None:
                return Lease(candidate, file.close)
        return None


class BoardsOfFarm:
    """Places of a labgrid farm with the tags of `settings`; labgrid is asked for one each time."""

    def __init__(
        self,
        settings: Settings,
        subject: Subject,
        options: RunOptions,
        shared: Shared,
        say: Callable[[str], None],
        several_workers: bool,
    ) -> None:
        self.contended = several_workers
        self.alone = False
        self._settings = settings
        self._subject = subject
        self._options = options
        self._shared = shared
        self._say = say

    def busy(self, name: str) -> None:
        """Does not happen: the place is this worker's."""

    def lease(self, deadline: float) -> Lease:
        stack = ExitStack()
        try:
            places = acquired_places(self._settings, self._subject, self._options, self._say)
            (board,) = stack.enter_context(places)
            retired = self._shared.retired().get(board.name)
            if retired is not None:
                raise FarmError(
                    f"The only place that is free: {retired.text}",
                    f"labgrid-client -p {board.name} show",
                )
        except BaseException:
            stack.close()
            raise
        return Lease(Candidate(board, board.name, self._subject.project), stack.close)


def none_left(retired: Sequence[Retired]) -> McuzooError:
    """The error of a test for which there is no board any more."""
    reasons = " ".join(one.text for one in retired)
    wrong = all(one.kind == WrongFirmwareError.__name__ for one in retired)
    kind = WrongFirmwareError if wrong else RigError
    return kind(f"No board is left. {reasons}", retired[0].hint)


def is_loss(error: BaseException) -> bool:
    """Whether a board that gave `error` when it was met is at fault, and not the request."""
    return isinstance(error, (RigError, ProtocolError))


def is_busy(error: BaseException) -> bool:
    """Whether another program has the port open: the board is as good as leased."""
    return isinstance(error, PortError) and error.busy
