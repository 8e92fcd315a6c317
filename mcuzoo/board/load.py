"""Load boards/*.toml; every complaint names file, key and line."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import ValidationError

from mcuzoo.board.check import contradictions
from mcuzoo.board.lines import Key, find_line
from mcuzoo.board.model import Board
from mcuzoo.errors import BoardError, did_you_mean
from mcuzoo.resources import boards_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PLAIN = {"extra_forbidden": "unknown key", "missing": "is missing"}
_HINT = "docs/boards.md says what every table and key means."


def load_board(name_or_path: str) -> Board:
    """The board with that id or alias, or the one described by a .toml file.

    Raises BoardError when there is none, or when its file is wrong.
    """
    if name_or_path.endswith(".toml"):
        return read_board(Path(name_or_path))
    boards = list_boards()
    wanted = name_or_path.lower()
    for board in boards:
        if wanted in board.known_as:
            return board
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
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BoardError(
            f"{path} cannot be read: {error}", "mcuzoo boards lists the boards."
        ) from error
    return parse_board(text, str(path))


def parse_board(text: str, file: str) -> Board:
    """The board that `text` describes; `file` is what errors call it. Raises BoardError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{file}: not valid TOML: {error}", _HINT) from error
    try:
        board = Board.model_validate(raw)
    except ValidationError as error:
        raise BoardError(
            "\n".join(
                _locate(file, text, item["loc"], _PLAIN.get(item["type"], item["msg"]))
                for item in error.errors()
            ),
            _HINT,
        ) from error
    found = contradictions(board)
    if found:
        raise BoardError(
            "\n".join(_locate(file, text, item.key, item.message) for item in found), _HINT
        )
    return board


def _locate(file: str, text: str, key: Key, message: str) -> str:
    line, known_key = find_line(text, key)
    dotted = ".".join(str(part) for part in known_key)
    return f"{file}:{line}: {dotted}: {message}"
