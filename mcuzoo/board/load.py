"""Load boards/*.toml with their chips; every complaint names file, key and line."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from mcuzoo.board.check import contradictions
from mcuzoo.board.layers import Layers, TomlFile
from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.model import Board
from mcuzoo.errors import BoardError, did_you_mean
from mcuzoo.resources import boards_dir
from mcuzoo.untrusted import parse_toml, read_text

BOARD_FILE = "board.toml"
"""What a project calls the file of its board."""

CHIPS = "chips"
"""The folder of chip files, beside the board files."""

_PLAIN = {"extra_forbidden": "unknown key", "missing": "is missing"}
_MAX_BYTES = 1 << 20
_HINT = "docs/boards.md says what every table and key means."
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_AnyBoard = TypeVar("_AnyBoard", Board, LinuxBoard)


AnyBoard = Board | LinuxBoard
"""A board of any kind: one with a microcontroller, or one that runs Linux."""


def load_board(name_or_path: str) -> Board:
    """The board of that id, name or alias, or the one described by a .toml file.

    Raises BoardError when there is none, when its file or its chip's is wrong, or when it is a
    board that runs Linux.
    """
    board = load_any_board(name_or_path)
    if isinstance(board, LinuxBoard):
        raise not_for_linux(board)
    return board


def load_any_board(name_or_path: str) -> AnyBoard:
    """The board of that id, name or alias, of any kind, or the one described by a .toml file.

    Raises BoardError when there is none, or when its file or its chip's is wrong.
    """
    if name_or_path.endswith(".toml"):
        return read_any_board(Path(name_or_path))
    named = boards_dir() / f"{name_or_path}.toml"  # called by its id, as most are
    if _NAME.fullmatch(name_or_path) and named.is_file():
        return _shipped(named)
    boards = list_any_boards()
    for board in boards:
        if board.is_called(name_or_path):
            return board
    wanted = name_or_path.lower()
    ids = [board.id for board in boards]
    aliases = [alias for board in boards for alias in board.aliases]
    raise BoardError(
        f"There is no board {name_or_path!r}. Boards: {', '.join(ids)}.",
        f"{did_you_mean(wanted, ids) or did_you_mean(wanted, aliases)}mcuzoo boards lists them; "
        "a path to a .toml file is taken too.",
    )


def list_boards() -> list[Board]:
    """All boards with a microcontroller that come with mcuzoo, by id."""
    return [board for board in list_any_boards() if isinstance(board, Board)]


def list_linux_boards() -> list[LinuxBoard]:
    """All boards that run Linux and come with mcuzoo, by id."""
    return [board for board in list_any_boards() if isinstance(board, LinuxBoard)]


def list_any_boards() -> list[AnyBoard]:
    """All boards that come with mcuzoo: first those with a microcontroller, each kind by id."""
    return list(_boards_in(boards_dir()))


@cache
def _boards_in(folder: Path) -> tuple[AnyBoard, ...]:
    found = [_shipped(path) for path in folder.glob("*.toml")]
    return tuple(sorted(found, key=lambda board: (isinstance(board, LinuxBoard), board.id)))


@cache
def _shipped(path: Path) -> AnyBoard:
    return read_any_board(path)


def not_for_linux(board: LinuxBoard) -> BoardError:
    """What is said where only a board with a microcontroller will do."""
    return BoardError(
        f"{board.id} ({board.name}) runs Linux; this needs a board with a microcontroller.",
        f"docs/linux.md says what mcuzoo does with {board.id}; mcuzoo boards lists the others.",
    )


def read_any_board(path: Path) -> AnyBoard:
    """The board of any kind that the TOML file at `path` describes; raises BoardError."""
    return parse_any_board(_read(path, "mcuzoo boards lists the boards."), str(path), path.parent)


def parse_any_board(text: str, file: str, folder: Path | None = None) -> AnyBoard:
    """The board of any kind that `text` describes; see parse_board. Raises BoardError."""
    own = _parse(text, BOARD_FILE, file)
    kind = own.table.get("kind")
    if kind == "linux":
        return _validated(LinuxBoard, Layers((own,)), (own,))
    if kind is not None:
        message = f'{kind!r} is no kind of board; kind = "linux" is, all others have none'
        raise BoardError(Layers((own,)).located([(("kind",), message)]), _HINT)
    return _parse_chips(own, folder)


def read_board(path: Path) -> Board:
    """The board described by the TOML file at `path`; raises BoardError.

    The file of its chip is in the folder `chips` beside it, or else among those of mcuzoo.
    """
    return parse_board(_read(path, "mcuzoo boards lists the boards."), str(path), path.parent)


def parse_board(text: str, file: str, folder: Path | None = None) -> Board:
    """The board that `text` describes; `file` is what errors call it. Raises BoardError.

    folder: where a folder `chips` may be; None: the chips are those that come with mcuzoo.
    """
    board = parse_any_board(text, file, folder)
    if isinstance(board, LinuxBoard):
        raise not_for_linux(board)
    return board


def _parse_chips(own: TomlFile, folder: Path | None) -> Board:
    chip = _named_by(own, "chip", folder)
    if "family" not in chip.table:
        return _checked((chip, own))
    family = _named_by(chip, "family", folder)
    del chip.table["family"]
    return _checked((family, chip, own))


def _named_by(file: TomlFile, key: str, folder: Path | None) -> TomlFile:
    """The file of a chip, or of a family of chips, that `key` of `file` names."""
    name = file.table.get(key)
    path = _chip_path(name, folder) if isinstance(name, str) and _NAME.fullmatch(name) else None
    if path is None:
        known = ", ".join(sorted(path.stem for path in (boards_dir() / CHIPS).glob("*.toml")))
        said = "is missing" if name is None else f"there is no file {CHIPS}/{name}.toml"
        message = f"{said}; mcuzoo has {known}"
        raise BoardError(Layers((file,)).located([((key,), message)]), _HINT)
    return _parse(_read(path, _HINT), f"{CHIPS}/{name}.toml", str(path))


def _chip_path(name: str, folder: Path | None) -> Path | None:
    """`chips/NAME.toml` beside the board file, else mcuzoo's own, else None.

    A link that leads out of the board file's folder is ignored, because a project is untrusted.
    """
    if folder is not None:
        beside = folder / CHIPS / f"{name}.toml"
        if beside.is_file() and beside.resolve().is_relative_to(folder.resolve()):
            return beside
    own = boards_dir() / CHIPS / f"{name}.toml"
    return own if own.is_file() else None


def _read(path: Path, hint: str) -> str:
    try:
        return read_text(path, _MAX_BYTES)
    except (OSError, ValueError) as error:
        raise BoardError(f"{path} cannot be read: {error}", hint) from error


def _parse(text: str, name: str, shown: str) -> TomlFile:
    try:
        return TomlFile(name, shown, text, parse_toml(text, _MAX_BYTES))
    except ValueError as error:
        raise BoardError(f"{shown}: not valid TOML: {error}", _HINT) from error


def _checked(files: tuple[TomlFile, ...]) -> Board:
    layers = Layers(files)
    board = _validated(Board, layers, files)
    found = [(item.key, item.message) for item in contradictions(board)]
    if found:
        raise BoardError(layers.located(found), _HINT)
    return board


def _validated(kind: type[_AnyBoard], layers: Layers, files: tuple[TomlFile, ...]) -> _AnyBoard:
    """The board that `files`, the lowest first, describe together, merged in `layers`."""
    if layers.complaints:
        raise BoardError("\n".join(layers.complaints), _HINT)
    texts = {file.name: file.text for file in files}
    try:
        return kind.model_validate(layers.table, context={"files": texts})
    except ValidationError as error:
        complaints = [
            (item["loc"], _PLAIN.get(item["type"], item["msg"].removeprefix("Value error, ")))
            for item in error.errors()
        ]
        raise BoardError(layers.located(complaints), _HINT) from error
