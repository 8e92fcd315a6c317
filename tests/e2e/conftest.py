"""Projects that are exported and built once for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from mcuzoo.board.load import load_board
from mcuzoo.codegen.project import export_project
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import resolve_model
from mcuzoo.zoo.signs.dataset import write_signs

BuiltProject = Callable[..., Path]


@pytest.fixture(scope="session")
def built_project(tmp_path_factory: pytest.TempPathFactory) -> BuiltProject:
    """`built_project(board, model="signs", compiler=None)`: the folder of a built project.

    compiler None: the first that is found.
    """
    pytest.importorskip("unicorn")

    @cache
    def build(board: str, model: str = "signs", compiler: str | None = None) -> Path:
        folder = tmp_path_factory.mktemp(f"{board}-{compiler}") / "project"
        export_project(resolve_model(model), load_board(board), folder)
        build_project(folder, compiler)
        return folder

    return build


@pytest.fixture(scope="session")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of ten signs that the model has never seen."""
    return write_signs(tmp_path_factory.mktemp("signs"), n=10, seed=424_242)
