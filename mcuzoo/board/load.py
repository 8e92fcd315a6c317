"""Load boards/*.toml with their chips; every complaint names file, key and line."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from mcuzoo.board.check import contradictions
from mcuzoo.board.layers import Layers, TomlFile
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


def load_board(name_or_path: str) -> Board:
    """The board of that id, name or alias, or the one described by a .toml file.

    Raises BoardError when there is none, or when its file or its chip's is wrong.
    """
    if name_or_path.endswith(".toml"):
        return read_board(Path(name_or_path))
    boards = list_boards()
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
    """All boards that come with mcuzoo, by id."""
    return list(_boards_in(boards_dir()))


@cache
def _boards_in(folder: Path) -> tuple[Board, ...]:
    return tuple(sorted((read_board(path) for path in folder.glob("*.toml")), key=lambda b: b.id))


def read_board(path: Path) -> Board:
    """The board described by the TOML file at `path`; raises BoardError.

    The file of its chip is in the folder `chips` beside it, or else among those of mcuzoo.
    """
    return parse_board(_read(path, "mcuzoo boards lists the boards."), str(path), path.parent)


def parse_board(text: str, file: str, folder: Path | None = None) -> Board:
    """The board that `text` describes; `file` is what errors call it. Raises BoardError.

    folder: where a folder `chips` may be; None: the chips are those that come with mcuzoo.
    """
    own = _parse(text, BOARD_FILE, file)
    chip = _named_by(own, "chip", folder)
    if "family" not in chip.table:
        return _validated((chip, own))
    family = _named_by(chip, "family", folder)
    del chip.table["family"]
    return _validated((family, chip, own))


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


def _validated(files: tuple[TomlFile, ...]) -> Board:
    """The board that `files` describe together, the lowest first."""
    layers = Layers(files)
    if layers.complaints:
        raise BoardError("\n".join(layers.complaints), _HINT)
    texts = {file.name: file.text for file in files}
    try:
        board = Board.model_validate(layers.table, context={"files": texts})
    except ValidationError as error:
        complaints = [
            (item["loc"], _PLAIN.get(item["type"], item["msg"].removeprefix("Value error, ")))
            for item in error.errors()
        ]
        raise BoardError(layers.located(complaints), _HINT) from error
    found = [(item.key, item.message) for item in contradictions(board)]
    if found:
        raise BoardError(layers.located(found), _HINT)
    return board
