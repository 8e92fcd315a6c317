"""Read rig.toml: a table per board. docs/rig.md says what every key means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from mcuzoo.board.layers import Complaint, Layers, TomlFile
from mcuzoo.board.load import list_any_boards, load_any_board
from mcuzoo.emulator.url import SCHEME
from mcuzoo.errors import BoardError, InputError, command, did_you_mean
from mcuzoo.link.ports import USB
from mcuzoo.rig.boards import DEFAULT_OFF_S, Power, Rig, RigBoard
from mcuzoo.untrusted import parse_toml, read_text

MAX_BOARDS = 1000
_MAX_BYTES = 1 << 20
_HINT = "docs/rig.md says what every key of a rig file means."
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""Of a board, and a tag: what TOML takes as a key without quotes."""

_Text = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")
]
_Word = Annotated[str, StringConstraints(pattern=rf"^{NAME.pattern}$")]
_Command = Annotated[list[_Text], Field(min_length=1, max_length=64)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _PowerTable(_Table):
    off: _Command | None = None
    on: _Command | None = None
    cycle: _Command | None = None
    place: _Text | None = None
    off_s: Annotated[float, Field(ge=0, le=600)] = DEFAULT_OFF_S


class _BoardTable(_Table):
    board: _Text
    port: _Text
    baud: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    probe: _Text | None = None
    power: _PowerTable | None = None
    tags: Annotated[list[_Word], Field(max_length=64)] = []
    project: _Text | None = None


class _File(_Table):
    boards: Annotated[dict[_Word, _BoardTable], Field(max_length=MAX_BOARDS)] = {}


_PLAIN = {
    "missing": "is missing",
    "string_pattern_mismatch": "has a character that it cannot have",
}


def read_rig(path: Path) -> Rig:
    """The rig that the file at `path` describes. Raises InputError, which names all mistakes."""
    try:
        text = read_text(path, _MAX_BYTES)
    except FileNotFoundError as error:
        scan = command("mcuzoo", "rig", "scan", "-o", path)
        raise InputError(
            f"There is no file {path}.", f"{scan} writes what is plugged in."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}", _HINT) from error
    return parse_rig(text, path)


def parse_rig(text: str, path: Path) -> Rig:
    """The rig that `text`, the content of `path`, describes. Raises InputError."""
    try:
        table = parse_toml(text, _MAX_BYTES)
    except ValueError as error:
        raise InputError(f"{path}: not valid TOML: {error}", _HINT) from error
    place = Layers((TomlFile(path.name, str(path), text, table),))
    try:
        found = _File.model_validate(table)
    except ValidationError as error:
        complaints = [_complaint(item) for item in error.errors()]
        raise InputError(place.located(list(dict.fromkeys(complaints))), _HINT) from error
    complaints = list(_contradictions(found))
    boards = []
    for name, one in found.boards.items():
        try:
            boards.append(_board(name, one, path.parent))
        except BoardError as error:
            first = error.message.splitlines()[0]
            complaints.append((("boards", name, "board"), f"{first} {error.hint}"))
    if complaints:
        raise InputError(place.located(complaints), _HINT)
    return Rig(path, tuple(boards))


def _complaint(item: Any) -> Complaint:
    # pydantic puts "[key]" behind a key that is at fault itself.
    key = tuple(part for part in item["loc"] if part != "[key]")
    kind, message = item["type"], item["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        known = _KEYS.get(len(key), _KEYS[4])
        return key, f"unknown key. {did_you_mean(str(key[-1]), known)}Known: {', '.join(known)}"
    if "[key]" in item["loc"]:
        return key, "is no name: letters, digits, _ and -, at most 40"
    return key, _PLAIN.get(kind, message)


_KEYS = {
    1: tuple(_File.model_fields),
    3: tuple(_BoardTable.model_fields),
    4: tuple(_PowerTable.model_fields),
}
"""The known keys by the length of a key's path."""


def _contradictions(file: _File) -> Iterator[Complaint]:
    seen: dict[tuple[str, str], str] = {}
    for name, one in file.boards.items():
        at = ("boards", name)
        for key, value in (("port", one.port), ("probe", one.probe)):
            if value is None or value.lower().startswith(SCHEME):
                continue  # each opening of an emulator's port is a board of its own
            before = seen.setdefault((key, _folded(value)), name)
            if before != name:
                yield (*at, key), f"is that of {before} already"
        if one.power is not None:
            yield from _power(one.power, (*at, "power"))


def _folded(name: str) -> str:
    return name.casefold() if name.casefold().startswith(USB) else name


def _power(power: _PowerTable, at: tuple[int | str, ...]) -> Iterator[Complaint]:
    pair = (power.off is None) + (power.on is None)
    if pair == 1:
        missing = "off" if power.off is None else "on"
        yield at, f"{missing} is missing: off and on belong together"
    ways = (power.cycle is not None or pair == 0, power.place is not None)
    if sum(ways) != 1 and pair != 1:
        yield at, "give either place, or cycle, or off and on"


def _board(name: str, one: _BoardTable, folder: Path) -> RigBoard:
    """Raises BoardError for a board that is not known."""
    kind = one.board
    if kind.endswith(".toml"):
        kind = str(folder / kind)
    elif kind in {board.id for board in list_any_boards()}:
        return _made(name, one, kind, folder)
    return _made(name, one, load_any_board(kind).id, folder)


def _made(name: str, one: _BoardTable, kind: str, folder: Path) -> RigBoard:
    power = one.power
    return RigBoard(
        name=name,
        board=kind,
        port=one.port,
        baud=one.baud,
        probe=one.probe,
        power=None
        if power is None
        else Power(
            off=tuple(power.off or ()),
            on=tuple(power.on or ()),
            cycle=tuple(power.cycle or ()),
            place=power.place or "",
            off_s=float(power.off_s),
        ),
        tags=tuple(one.tags),
        project=None if one.project is None else (folder / one.project).resolve(),
    )
