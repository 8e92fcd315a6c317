"""Exported projects build: by `mcuzoo build` and by CMake, with both compilers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.compilers import GCC, RIGS, ZIG, every_compiler
from helpers.exported import export_project
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.emulator.evk import find_target
from mcuzoo.resources import boards_dir
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.toolchain.sizes import read_functions, read_sections

pytestmark = pytest.mark.slow

needs_cmake = pytest.mark.skipif(
    shutil.which("cmake") is None or shutil.which("ninja") is None, reason="no cmake and ninja"
)

HOT_FUNCTIONS = ("mz_conv_2d_s8_dsp", "mz_block_run", "mz_model_invoke")


def _project(tmp_path: Path, board: str, **options: str) -> Path:
    project = tmp_path / "project"
    source = small_source(tmp_path / "model", with_assets=False)
    export_project(source, load_board(board), project, **options)  # type: ignore[arg-type]
    return project


@pytest.mark.parametrize("rig", RIGS)
def test_mcuzoo_build(tmp_path: Path, rig: tuple[str, str]) -> None:
    board, compiler = rig
    project = _project(tmp_path, board)
    entry = build_project(project, BuildOptions(compiler))
    uses = {use.region: use for use in entry.regions}
    assert all(use.used_bytes <= use.size_bytes for use in entry.regions)
    assert 8192 < uses["dtcm"].used_bytes < 32768
    image = (project / entry.bin).read_bytes()
    assert len(image) < 64 * 1024
    assert entry.build_id.encode() in image
    # The code that computes runs in the ITCM, at address 0; the rest from the flash.
    hot = read_functions(project / entry.elf, HOT_FUNCTIONS)
    assert len(hot) == len(HOT_FUNCTIONS)
    assert all(4 <= first < end <= uses["itcm"].used_bytes for first, end in hot.values())
    ((first, _),) = read_functions(project / entry.elf, ("mz_app_poll",)).values()
    assert first > load_board(board).flash_region.base


def test_a_board_of_ones_own_is_needed_for_the_export_only(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    text = (boards_dir() / "rt1050.toml").read_text(encoding="utf-8")
    mine.write_text(text.replace('id = "rt1050"', 'id = "mine"', 1), encoding="utf-8")
    project = _project(tmp_path, str(mine))
    mine.unlink()
    entry = build_project(project)
    target = find_target(project)
    assert target.board.id == "mine"
    assert target.image == project / entry.bin
    assert find_target(project, "rt1050").board.id == "rt1050"


@every_compiler
def test_weights_in_ram_are_loaded_from_flash(tmp_path: Path, compiler: str) -> None:
    project = _project(tmp_path, "rt1050", weights="ram")
    entry = build_project(project, BuildOptions(compiler))
    weights = next(
        section for section in read_sections(project / entry.elf) if section.name == ".mz_weights"
    )
    assert weights.address >> 16 == 0x2020
    assert weights.load_address >> 24 == 0x60


@needs_cmake
@pytest.mark.parametrize(
    "compiler", [GCC, pytest.param(*ZIG.values, marks=(*ZIG.marks, pytest.mark.full))]
)
def test_cmake_builds_the_same_image(tmp_path: Path, compiler: str) -> None:
    project = _project(tmp_path, "rt1170")
    for command in (["cmake", "--preset", compiler], ["cmake", "--build", "--preset", compiler]):
        done = subprocess.run(
            command,
            cwd=project,
            env=_activated_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    ours = project / build_project(project, BuildOptions(compiler)).elf
    theirs = project / f"build/cmake-{compiler}/firmware.elf"
    assert _layout(theirs) == _layout(ours)
    if compiler == "gcc":  # lld chooses among equal tails of strings by what else it links
        assert theirs.with_suffix(".bin").read_bytes() == ours.with_suffix(".bin").read_bytes()


def _activated_environment() -> dict[str, str]:
    """As in a shell in which this Python's environment is active."""
    folders = (str(Path(sys.executable).parent), os.environ.get("PATH", ""))
    return {**os.environ, "PATH": os.pathsep.join(folders)}


def _layout(elf: Path) -> list[tuple[str, int, int, int]]:
    return [
        (section.name, section.address, section.load_address, section.size_bytes)
        for section in read_sections(elf)
    ]
