"""What to emulate: a built project, or an image file with a board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcuzoo.board.baud import with_baud
from mcuzoo.board.load import load_board, read_board
from mcuzoo.board.model import Board
from mcuzoo.errors import InputError, ProjectError, UsageError, command
from mcuzoo.project.manifest import BOARD_FILE, load_project
from mcuzoo.project.rules import inside


@dataclass(frozen=True)
class Target:
    board: Board
    image: Path


def find_target(path: Path, board: str | None = None) -> Target:
    """`path`: a project folder, or a .bin or .elf file, which needs `board`.

    A project brings its board file along; `board` overrules it. Its baud rate is the manifest's.
    Raises ProjectError when the project is none or has not been built, InputError, UsageError,
    BoardError.
    """
    if path.is_file():
        if board is None:
            raise UsageError(
                f"{path} is an image; which board is it for?",
                "Add --board, or name the project folder.",
            )
        return Target(load_board(board), path)
    if not path.exists():
        raise InputError(
            f"There is no project or image {str(path)!r}.",
            "mcuzoo export signs --board rt1170 makes a project, of the bundled model.",
        )
    manifest = load_project(path)
    image = None if manifest.build is None else inside(path, manifest.build.bin)
    if image is None or not image.is_file():
        raise ProjectError(
            f"The project {path} has not been built.",
            f"Build it first: {command('mcuzoo', 'build', path)}",
        )
    own = inside(path, BOARD_FILE)
    if board is None and own.is_file():
        found = read_board(own)
    else:
        found = load_board(board or manifest.board)
    if manifest.baud is not None:
        found = with_baud(found, manifest.baud)
    return Target(found, image)
