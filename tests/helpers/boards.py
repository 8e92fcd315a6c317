"""Every board, and the files that describe one, for tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuzoo.board.load import BOARD_FILE, list_boards, list_linux_boards, load_board
from mcuzoo.board.model import Board
from mcuzoo.errors import BoardError
from mcuzoo.resources import boards_dir

BOARDS = tuple(board.id for board in list_boards())
"""Every board with a microcontroller that comes with mcuzoo."""

LINUX_BOARDS = tuple(board.id for board in list_linux_boards())
"""Every board that runs Linux and comes with mcuzoo."""

REPRESENTATIVES = ("rt1050", "rt1170")
"""One of each family of chips: what takes long is tried on these, on the others by `make full`."""

REPRESENTATIVES_FIRST = [
    pytest.param(board, marks=() if board in REPRESENTATIVES else pytest.mark.full)
    for board in BOARDS
]
"""Parameters: every board, of which `make test` takes the representatives."""

ONE_BOARD_FIRST = ["rt1170", pytest.param("rt1050", marks=pytest.mark.full)]
"""Parameters: the representatives, of which `make test` takes one."""


def without_sdram(name: str) -> Board:
    """The board as if its file did not say how the SDRAM is started."""
    board = load_board(name)
    return board.model_copy(update={"startup": board.startup.model_copy(update={"sdram": ()})})


def board_text(board: str) -> str:
    """The text of a board's own file."""
    return (boards_dir() / f"{board}.toml").read_text(encoding="utf-8")


def changed_files(board: str, old: str, new: str) -> dict[str, str]:
    """A board's files with the first `old` in them replaced, its own file before its chip's."""
    files = load_board(board).files
    for name in reversed(files):
        if old in files[name]:
            return {**files, name: files[name].replace(old, new, 1)}
    raise AssertionError(f"{old!r} is in none of {', '.join(files)}")


def written(files: dict[str, str], folder: Path) -> Path:
    """Writes board and chip files; returns the board's."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / BOARD_FILE


def complaint(files: dict[str, str], folder: Path) -> str:
    """What is said of the board that `files` describe, which is refused; paths from `folder` on."""
    with pytest.raises(BoardError) as caught:
        load_board(str(written(files, folder)))
    assert "docs/boards.md" in caught.value.hint
    return caught.value.message.replace(f"{folder}/", "")
