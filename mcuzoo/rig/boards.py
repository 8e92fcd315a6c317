"""The boards of a rig, as rig.toml describes them, and the choice of some by --filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from mcuzoo.errors import UsageError, command, did_you_mean

DEFAULT_OFF_S = 2.0
"""How long a board stays off in a power cycle: its capacitors must run empty."""


@dataclass(frozen=True)
class Power:
    """The power switch of a board: commands, each as the list of its arguments.

    cycle: switches off and on again; without it, `off` and `on` do, off_s seconds apart. place: of
    labgrid, whose power driver does it. An empty command: there is none.
    """

    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    cycle: tuple[str, ...] = ()
    place: str = ""
    off_s: float = DEFAULT_OFF_S


@dataclass(frozen=True)
class RigBoard:
    """A board of a rig.

    board: its kind, an id of mcuzoo boards. port: as --port takes it. baud: of its firmware, None:
    the project's. probe: the debug probe that flashes it, None: not known. power: its switch, if it
    has one. tags: words to choose boards by. project: the folder of the project that it runs; None:
    that of the command. name: of the table in rig.toml.
    """

    name: str
    board: str
    port: str
    baud: int | None = None
    probe: str | None = None
    power: Power | None = None
    tags: tuple[str, ...] = ()
    project: Path | None = None

    @property
    def text(self) -> str:
        """Name, kind and port."""
        return f"{self.name} ({self.board} at {self.port})"


@dataclass(frozen=True)
class Rig:
    """The boards of the rig file at `path`, in its order."""

    path: Path
    boards: tuple[RigBoard, ...]


FILTERS = ("name", "board", "tag", "port", "probe", "project")
"""What a filter KEY=VALUE can ask for."""


def chosen(rig: Rig, filters: Sequence[str] = ()) -> tuple[RigBoard, ...]:
    """The boards for which all of `filters` hold: KEY=VALUE, where VALUE may have * and ?.

    board takes a board's id, tag holds if one of the board's tags is it; project: the name of the
    folder. Raises UsageError for a filter that is none, and if no board is left.
    """
    wanted = [_split(one) for one in filters]
    left = tuple(board for board in rig.boards if all(_holds(board, *one) for one in wanted))
    if not left:
        known = "; ".join(_described(board) for board in rig.boards[:_LISTED])
        more = len(rig.boards) - _LISTED
        asked = " and ".join(filters)
        raise UsageError(
            f"No board of {rig.path} is {asked}." if asked else f"{rig.path} has no boards.",
            f"Its boards: {known}{f' and {more} more' if more > 0 else ''}."
            if rig.boards
            else command("mcuzoo", "rig", "scan", "-o", rig.path) + " writes what is plugged in.",
        )
    return left


_LISTED = 8


def _split(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or key not in FILTERS or not value:
        raise UsageError(
            f"--filter {text!r} is no KEY=VALUE with a key of {', '.join(FILTERS)}.",
            f"{did_you_mean(key, FILTERS)}For example --filter board=rt1170, or --filter tag=fast.",
        )
    return key, value


def _holds(board: RigBoard, key: str, pattern: str) -> bool:
    values = {
        "name": (board.name,),
        "board": (board.board,),
        "tag": board.tags,
        "port": (board.port,),
        "probe": (board.probe or "",),
        "project": ("" if board.project is None else board.project.name,),
    }[key]
    return any(fnmatchcase(value.casefold(), pattern.casefold()) for value in values)


def _described(board: RigBoard) -> str:
    tags = f", tags {', '.join(board.tags)}" if board.tags else ""
    return f"{board.name} (board {board.board}{tags})"
