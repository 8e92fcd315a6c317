"""Boards and guest programs for the emulator's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.boards import REPRESENTATIVES_FIRST
from helpers.guest import Guest, MakeGuest, build_guest

from mcuzoo.board.load import load_board
from mcuzoo.board.model import Board

pytest.importorskip("unicorn", reason="no unicorn (mcuzoo[emulator])")


@pytest.fixture(scope="session", params=REPRESENTATIVES_FIRST)
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(request.param)


@pytest.fixture(scope="session")
def rt1050() -> Board:
    return load_board("rt1050")


@pytest.fixture(scope="session")
def make_guest(tmp_path_factory: pytest.TempPathFactory) -> MakeGuest:
    """`make_guest(board, source)`: each program is compiled once a session."""
    built: dict[tuple[str, str], Guest] = {}

    def make(board: Board, source: str) -> Guest:
        key = (board.id, source)
        if key not in built:
            folder: Path = tmp_path_factory.mktemp("guest")
            built[key] = build_guest(folder, board, source)
        return built[key]

    return make
