"""What a project brings to start the SDRAM, in both kinds."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.boards import BOARDS
from helpers.exported import export_project
from helpers.small_source import small_source

from mcuzoo.board.load import load_board

STEPS = "firmware/port/imxrt/mz_steps.c"


@pytest.mark.parametrize("name", BOARDS)
def test_weights_follow_when_the_sdram_runs(tmp_path: Path, name: str) -> None:
    board = load_board(name)
    export_project(small_source(tmp_path), board, tmp_path / "p", weights="sdram")
    header = (tmp_path / "p/board/mz_board.h").read_text()
    assert "#define MZ_BOARD_SDRAM_COPIES(COPY) COPY(mz_weights)" in header
    assert "#define MZ_BOARD_COPIES(COPY)\n" in header
    script = (tmp_path / f"p/linker/{name}.ld").read_text()
    assert f"SDRAM (rw) : ORIGIN = 0x{board.region('sdram').base:08X}" in script


@pytest.mark.parametrize("name", BOARDS)
def test_an_sdk_application_starts_it_too(tmp_path: Path, name: str) -> None:
    """The SDK leaves that to a debugger or to the boot ROM."""
    board, project = load_board(name), tmp_path / "p"
    export_project(
        small_source(tmp_path), board, project, project="mcuxpresso", arena_region="sdram"
    )
    assert (project / STEPS).is_file()
    steps = (project / "board/mz_sdram.c").read_text()
    count = sum(len(stage.steps) for stage in board.startup.sdram)
    assert steps.count("MZ_STEP_") > count
    assert f"0x{board.region('sdram').base:08X}u" in steps
    assert "mz_sdram (rw)" in (project / "linker/mz_sections.ld").read_text()


def test_without_sdram_nothing_of_it_is_there(tmp_path: Path) -> None:
    project = tmp_path / "p"
    export_project(small_source(tmp_path), load_board("rt1170"), project, project="mcuxpresso")
    assert not (project / STEPS).exists() and not (project / "board/mz_sdram.c").exists()
