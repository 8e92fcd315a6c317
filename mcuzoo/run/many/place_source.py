"""Boards of a run that are places of a labgrid farm."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcuzoo.errors import McuzooError, PortError, UsageError
from mcuzoo.farm.environment import require_labgrid
from mcuzoo.rig.find_board import project_baud
from mcuzoo.run.many.source import BoardOfRun
from mcuzoo.run.many.stop import Stop
from mcuzoo.run.options import RunOptions
from mcuzoo.run.project import baud_note
from mcuzoo.run.record import Settings
from mcuzoo.run.sessions import Line, Subject

if TYPE_CHECKING:
    from mcuzoo.farm.farm import Farm, FarmBoard

DEFAULT_COORDINATOR = "127.0.0.1:20408"
DEFAULT_WAIT_S = 60.0
MOST_RENEWALS = 3
"""So often a place is acquired anew in one run."""

_TAG = re.compile(r"[a-z][a-z0-9_]*")


class PlaceSource:
    """A place that this run has acquired; `line` makes the line to its port."""

    def __init__(self, farm: Farm, board: FarmBoard, line: Callable[[FarmBoard], Line]) -> None:
        self._farm = farm
        self._board = board
        self._line = line
        self._renewed = 0
        self._switched = False

    @property
    def name(self) -> str:
        return self._board.place

    def acquire(self, stop: Stop) -> Line:
        return self._line(self._board)

    def gone(self) -> McuzooError | None:
        return self._farm.trouble(self._board)

    def lost(self, error: McuzooError, stop: Stop) -> Line | None:
        """Release and acquire the place, which gives its port a new ser2net; switch its power, once
        in a run, unless it was the line that failed and not the board."""
        from mcuzoo.farm.farm import TakenAway

        gone = self.gone()
        if isinstance(gone, TakenAway):
            raise gone
        of_line = gone is not None or _is_of_line(error)
        if self._renewed == MOST_RENEWALS or (self._switched and not of_line):
            return None
        self._renewed += 1
        self._board = self._farm.renew(self._board, stop.check)
        if not of_line:
            self._switched = True
            self._farm.power_cycle(self._board, stop.check)
        return self._line(self._board)

    def release(self) -> None:
        self._farm.release(self._board)


def _is_of_line(error: BaseException | None) -> bool:
    """Whether a port failed, and not the board behind it."""
    while error is not None:
        if isinstance(error, PortError):
            return True
        error = error.__cause__
    return False


NO_FARM: dict[str, Any] = {"labgrid": None, "places": None, "lg_env": None, "lg_state": None}
"""The same part of Settings for a run on other boards."""


def farm_settings(options: RunOptions, base: Settings) -> dict[str, Any]:
    """What of Settings says where the places are: of the options, or else of `base`.

    Raises UsageError for what no place can have, MissingExtraError without labgrid.
    """
    require_labgrid()
    filters = options.filter or base.filters
    _tags(filters)
    environment = base.lg_env if options.lg_env is None else str(options.lg_env.resolve())
    state = options.lg_state or base.lg_state
    if state is not None and environment is None:
        raise UsageError(
            "--lg-state needs the strategy of a labgrid environment.", "Add --lg-env FILE."
        )
    named = base.labgrid if options.labgrid is None else options.labgrid
    return {
        "port": "",
        "ports": (),
        "rig": None,
        "filters": tuple(filters),
        "labgrid": named or os.environ.get("LG_COORDINATOR") or DEFAULT_COORDINATOR,
        "places": options.boards or base.places or 1,
        "lg_env": environment,
        "lg_state": state,
    }


def _tags(filters: Sequence[str]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for text in filters:
        key, equals, value = text.partition("=")
        if not equals or not value or not _TAG.fullmatch(key) or tags.get(key, value) != value:
            raise UsageError(
                f"--filter {text!r} is no tag of a place: KEY=VALUE, one value for each key.",
                "For example --filter board=rt1170, or --filter name=PLACE; labgrid-client places "
                "--released lists those that are free.",
            )
        tags[key] = value
    return tags


@contextmanager
def acquired_places(
    settings: Settings, subject: Subject, options: RunOptions, say: Callable[[str], None]
) -> Iterator[tuple[BoardOfRun, ...]]:
    """The places of a run, acquired; at the end of the block all are released.

    Raises the errors of Farm and of its `acquire`.
    """
    from mcuzoo.farm.farm import Farm, FarmRequest

    assert settings.labgrid is not None
    request = FarmRequest(
        settings.labgrid,
        _tags(settings.filters),
        DEFAULT_WAIT_S if options.lg_wait is None else options.lg_wait,
        None if settings.lg_env is None else Path(settings.lg_env),
        settings.lg_state,
    )
    of_project = project_baud(subject.project, subject.manifest)
    note = baud_note(settings.baud, of_project)

    def line(board: FarmBoard) -> Line:
        # A port that is refused is not waited for: a renewed place has another one.
        return Line(board.port, settings.baud, note, wait_port=0.0, compress=settings.compress)

    with Farm(request, say) as farm:
        boards = farm.acquire(settings.places or 1)
        for board in boards:
            say(f"acquired {board.place} of the exporter {board.exporter}: {board.port}")
            if board.raw and board.speed != settings.baud:
                say(
                    f"warning: the exporter of {board.place} says {board.speed} baud for its raw "
                    f"port, the project {settings.baud}; a raw port's rate is the exporter's"
                )
        yield tuple(
            BoardOfRun(PlaceSource(farm, board, line), subject.manifest, subject.upload)
            for board in boards
        )
