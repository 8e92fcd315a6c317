"""Write a rig file from what is plugged in, and keep what a person wrote."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.board.load import list_any_boards
from mcuzoo.errors import InputError, ProjectError
from mcuzoo.link.ports import USB, PortInfo, by_usb_name, usb_name
from mcuzoo.link.survey import Surveyed, survey
from mcuzoo.project.manifest import MANIFEST_NAME, load_project
from mcuzoo.rig.boards import RigBoard
from mcuzoo.rig.file import parse_rig
from mcuzoo.rig.find_board import board_bauds, known_ports, may_be_asked
from mcuzoo.untrusted import read_text

_HEAD = """\
# The boards of this rig. docs/rig.md says what every key means; mcuzoo rig scan adds boards and
# changes nothing that stands here; mcuzoo rig check meets every board.
"""


@dataclass(frozen=True)
class Scan:
    """What a scan of the ports says beside a rig file.

    path: of the file; text: its new content, None if nothing is to be written. new: boards that
    were added. known: boards of the file that answer. gone: those that do not, and why. differs:
    sentences about boards that are not what the file says. unknown: ports that are in no table:
    why they could not be added.
    """

    path: Path
    text: str | None
    new: tuple[RigBoard, ...]
    known: tuple[RigBoard, ...]
    gone: tuple[tuple[RigBoard, str], ...]
    differs: tuple[str, ...]
    unknown: tuple[tuple[PortInfo, str], ...]


def scan(
    path: Path,
    bauds: Sequence[int] = (),
    ports: Sequence[PortInfo] | None = None,
    probe_of: Callable[[PortInfo], str | None] = lambda port: None,
    ask: Callable[[Sequence[PortInfo], Sequence[int]], list[Surveyed]] = survey,
) -> Scan:
    """Say HELLO at all ports, and compare with the rig file at `path`, which need not exist.

    bauds: to ask at, () for those of the boards. probe_of: the debug probe beside a port. Nothing
    is written: `text` is the file with a table more for each board that is not in it. Raises
    InputError for a file that is no rig.
    """
    before = _content(path)
    rig = parse_rig(before, path)
    listed = list(known_ports() if ports is None else ports)
    asked = ask([port for port in listed if may_be_asked(port)], bauds or board_bauds())
    answers = {one.port.device: one for one in asked}
    places = {board.name: _place(board, listed) for board in rig.boards}
    known, gone, differs = list[RigBoard](), list[tuple[RigBoard, str]](), list[str]()
    for board in rig.boards:
        answer = answers.get(places[board.name] or "")
        if answer is not None and answer.hello is not None:
            known.append(board)
            differs += _differences(board, answer)
        else:
            gone.append((board, _why_gone(board, places[board.name], answer)))
    unknown, new = [], list[RigBoard]()
    for answer in asked:
        if answer.port.device in places.values():
            continue
        reason = _why_unknown(answer)
        if reason:
            unknown.append((answer.port, reason))
        else:
            names = {board.name for board in (*rig.boards, *new)}
            new.append(_new(answer, listed, names, path.parent, probe_of(answer.port)))
    text = _with_boards(before, new, path.parent) if new else None
    return Scan(path, text, tuple(new), tuple(known), tuple(gone), tuple(differs), tuple(unknown))


def _content(path: Path) -> str:
    try:
        return read_text(path) if path.exists() else ""
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}", "Name another file: --out.") from error


def _place(board: RigBoard, listed: Sequence[PortInfo]) -> str | None:
    """The device behind the board's port, None while there is none."""
    if board.port.lower().startswith(USB):
        found = by_usb_name(board.port, listed)
        return found[0].device if len(found) == 1 else None
    real = os.path.realpath(board.port)
    same = (port.device for port in listed if port.device in (board.port, real))
    return next(same, board.port if "://" in board.port or Path(board.port).exists() else None)


def _why_gone(board: RigBoard, place: str | None, answer: Surveyed | None) -> str:
    if place is None:
        return f"there is no {board.port}"
    if answer is None:
        return f"{board.port} was not asked: mcuzoo rig check does it"
    return answer.trouble


def _differences(board: RigBoard, answer: Surveyed) -> Iterator[str]:
    hello = answer.hello
    assert hello is not None
    if hello.board != board.board:
        yield f'{board.name}: the file says board = "{board.board}", {hello.board} answers'
    if board.baud is not None and board.baud != answer.baud:
        yield f"{board.name}: the file says baud = {board.baud}, it answers at {answer.baud}"


def _why_unknown(answer: Surveyed) -> str:
    hello = answer.hello
    if hello is None:
        return answer.trouble
    if hello.board not in {board.id for board in list_any_boards()}:
        return (
            f"{hello.board} answers, which is no board that comes with mcuzoo: write its table "
            'yourself, with board = "FILE.toml"'
        )
    return ""


def _new(
    answer: Surveyed, listed: Sequence[PortInfo], names: set[str], folder: Path, probe: str | None
) -> RigBoard:
    hello = answer.hello
    assert hello is not None
    number = next(n for n in range(len(names) + 1) if f"{hello.board}-{n}" not in names)
    default = next(board.console.baud for board in list_any_boards() if board.id == hello.board)
    return RigBoard(
        name=f"{hello.board}-{number}",
        board=hello.board,
        port=usb_name(answer.port, listed),
        baud=None if answer.baud == default else answer.baud,
        probe=probe,
        project=_project(hello.build_id, folder),
    )


def _project(build_id: str, folder: Path) -> Path | None:
    """The one project in `folder` or its folders with that build."""
    found = []
    for manifest in (folder / MANIFEST_NAME, *sorted(folder.glob(f"*/{MANIFEST_NAME}"))):
        try:
            if manifest.is_file() and build_id in load_project(manifest.parent).build_ids:
                found.append(manifest.parent)
        except ProjectError:
            continue
    return found[0].resolve() if len(found) == 1 else None


def _with_boards(before: str, new: Sequence[RigBoard], folder: Path) -> str:
    text = before if before.strip() else _HEAD
    text += "" if text.endswith("\n") else "\n"
    return text + "".join(f"\n{_board_table(board, folder)}" for board in new)


def _board_table(board: RigBoard, folder: Path) -> str:
    """The table of a board that a scan found, in a rig file of `folder`."""
    lines = [
        f"[boards.{board.name}]",
        f"board = {_text(board.board)}",
        f"port = {_text(board.port)}",
    ]
    if board.baud is not None:
        lines.append(f"baud = {board.baud}")
    if board.probe is not None:
        lines.append(f"probe = {_text(board.probe)}")
    if board.project is not None:
        place = Path(os.path.relpath(board.project, folder.resolve())).as_posix()
        lines.append(f"project = {_text(place)}")
    return "".join(f"{line}\n" for line in lines)


def _text(value: str) -> str:
    """A basic string of TOML: as one of JSON, but DEL is escaped and no surrogate is a pair."""
    plain = re.sub(r"[\x7f\ud800-\udfff]", "?", value)
    return json.dumps(plain, ensure_ascii=False)
