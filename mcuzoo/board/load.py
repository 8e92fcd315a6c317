"""Load boards/*.toml; every complaint names file, key and line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from mcuzoo.board.check import contradictions
from mcuzoo.board.lines import Key, KeyLines
from mcuzoo.board.model import Board
from mcuzoo.errors import BoardError, did_you_mean
from mcuzoo.resources import boards_dir
from mcuzoo.untrusted import parse_toml, read_text

_PLAIN = {"extra_forbidden": "unknown key", "missing": "is missing"}
_MAX_BYTES = 1 << 20
_HINT = "docs/boards.md says what every table and key means."


def load_board(name_or_path: str) -> Board:
    """The board of that id, name or alias, or the one described by a .toml file.

    Raises BoardError when there is none, or when its file is wrong.
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
    return sorted(
        (read_board(path) for path in boards_dir().glob("*.toml")), key=lambda board: board.id
    )


def read_board(path: Path) -> Board:
    """The board described by the TOML file at `path`; raises BoardError."""
    try:
        text = read_text(path, _MAX_BYTES)
    except (OSError, ValueError) as error:
        raise BoardError(
            f"{path} cannot be read: {error}", "mcuzoo boards lists the boards."
        ) from error
    return parse_board(text, str(path))


def parse_board(text: str, file: str) -> Board:
    """The board that `text` describes; `file` is what errors call it. Raises BoardError."""
    try:
        raw = parse_toml(text, _MAX_BYTES)
    except ValueError as error:
        raise BoardError(f"{file}: not valid TOML: {error}", _HINT) from error
    try:
        board = Board.model_validate(raw, context={"toml": text})
    except ValidationError as error:
        complaints = [
            (item["loc"], _PLAIN.get(item["type"], item["msg"].removeprefix("Value error, ")))
            for item in error.errors()
        ]
        raise BoardError(_located(file, text, complaints), _HINT) from error
    found = [(item.key, item.message) for item in contradictions(board)]
    if found:
        raise BoardError(_located(file, text, found), _HINT)
    return board


def _located(file: str, text: str, complaints: Iterable[tuple[Key, str]]) -> str:
    """One line each: file, line, key, what is wrong."""
    keys = KeyLines(text)
    located = []
    for complained_key, message in complaints:
        line, key = keys.find(complained_key)
        located.append(f"{file}:{line}: {'.'.join(map(str, key))}: {message}")
    return "\n".join(located)
