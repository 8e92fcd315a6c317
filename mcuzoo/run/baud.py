"""The baud rate of a project's console, and who says so."""

from __future__ import annotations

from pathlib import Path

from mcuzoo.board.load import load_board, read_board
from mcuzoo.errors import BoardError
from mcuzoo.project.manifest import BOARD_FILE, ProjectManifest

DEFAULT_BAUD = 115200
"""Where neither project nor board file says anything."""


def project_baud(project: Path, manifest: ProjectManifest) -> int:
    """What the project's firmware talks at: by its manifest, or else by its board file."""
    if manifest.baud is not None:
        return manifest.baud
    own = project / BOARD_FILE
    try:
        board = read_board(own) if own.is_file() else load_board(manifest.board)
    except BoardError:
        return DEFAULT_BAUD
    return board.console.baud


def baud_note(baud: int, of_project: int) -> str:
    """Who says that a port is to be opened at `baud`, for messages about what came of it."""
    if baud == of_project:
        return "as the project says"
    return f"as --baud says; the project says {of_project}"
