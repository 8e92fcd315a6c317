"""Projects that are exported and built once for all end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.exported import export_project
from helpers.shared import built_once

from mcuzoo.board.load import load_board
from mcuzoo.data.drawn_signs.dataset import write_signs
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.zoo.registry import resolve_model

BuiltProject = Callable[..., Path]


@pytest.fixture(scope="session")
def built_project(tmp_path_factory: pytest.TempPathFactory) -> BuiltProject:
    """`built_project(board, model="signs", compiler=None)`: the folder of a built project.

    compiler None: the first that is found. Tests share it, also with other processes of the run.
    """
    pytest.importorskip("unicorn")

    def build(board: str, model: str = "signs", compiler: str | None = None) -> Path:
        def fill(folder: Path) -> None:
            export_project(resolve_model(model), load_board(board), folder / "project")
            build_project(folder / "project", BuildOptions(compiler))

        name = f"{Path(model).stem}-{board}-{compiler}"
        return built_once(tmp_path_factory, name, fill) / "project"

    return build


@pytest.fixture(scope="session")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of ten signs that the model has never seen."""
    return write_signs(tmp_path_factory.mktemp("signs"), n=10, seed=424_242)
