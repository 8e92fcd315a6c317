"""Applications for the MCUXpresso SDK: what is rendered, and that it is C, without an SDK."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.boards import BOARDS, REPRESENTATIVES
from helpers.compilers import RIGS
from helpers.exported import export_project
from helpers.fake_sdk import fake_sdk
from helpers.small_source import small_source

from mcuzoo.board.load import load_board, read_board
from mcuzoo.board.model import Board
from mcuzoo.codegen.board_files import Sections
from mcuzoo.codegen.mcuxpresso import render_sdk_board_files, sdk_sections
from mcuzoo.errors import BoardError
from mcuzoo.plan.place.placement import Placement
from mcuzoo.project.kinds import machine_flags
from mcuzoo.project.manifest import Manifest, SdkEntry, load_manifest
from mcuzoo.resources import boards_dir
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.zoo.registry import ModelSource

GOLDEN = Path(__file__).parent / "golden" / "mcuxpresso"


@pytest.fixture
def source(tmp_path: Path) -> ModelSource:
    return small_source(tmp_path / "source")


def _export(source: ModelSource, folder: Path, board: str = "rt1050") -> Manifest:
    return export_project(source, load_board(board), folder, "aot", "mcuxpresso")


def _placement(arena: str, weights: str) -> Placement:
    return Placement(arena, 1024, weights, 8192, "dtcm")


@pytest.mark.parametrize("board", REPRESENTATIVES)
def test_as_reviewed(tmp_path: Path, source: ModelSource, board: str) -> None:
    """The files under golden/ are all that do not list sources or sizes."""
    _export(source, tmp_path / "p", board)
    golden = [path for path in (GOLDEN / board).rglob("*") if path.is_file()]
    assert len(golden) == 10
    for path in golden:
        rendered = (tmp_path / "p" / path.relative_to(GOLDEN / board)).read_text()
        assert rendered == path.read_text(), path


def test_a_linker_script_for_parts_in_ocram() -> None:
    """Rendered: golden; linked: tests/toolchain/test_mcuxpresso_build.py."""
    script = render_sdk_board_files(load_board("rt1170"), _placement("ocram1", "ocram2"))
    assert script["linker/mz_sections.ld"] == (GOLDEN / "ocram.ld").read_text()


@pytest.mark.parametrize(
    ("arena", "weights", "expected"),
    [
        ("dtcm", "flash", Sections(".bss.mz_arena", ".rodata.mz_weights")),
        ("ocram", "flash", Sections(".mz_arena", ".rodata.mz_weights")),
        ("dtcm", "ocram", Sections(".bss.mz_arena", ".mz_weights")),
        ("ocram", "dtcm", Sections(".mz_arena", "DataQuickAccess")),
    ],
)
def test_sections_of_the_sdk_where_it_has_some(
    arena: str, weights: str, expected: Sections
) -> None:
    assert sdk_sections(load_board("rt1050"), _placement(arena, weights)) == expected


@pytest.mark.parametrize("board", BOARDS)
def test_the_manifest(tmp_path: Path, source: ModelSource, board: str) -> None:
    manifest = _export(source, tmp_path / "p", board)
    assert load_manifest(tmp_path / "p") == manifest
    assert manifest.project == "mcuxpresso"
    core = load_board(board).sdk_core_id if board.startswith("rt11") else None
    assert manifest.sdk == SdkEntry(load_board(board).sdk_board, core, "24.12")
    assert manifest.linker_script == "linker/mz_sections.ld"
    assert not any("startup" in path or "imxrt/" in path for path in manifest.files)
    assert (tmp_path / "p/model/labels.txt").is_file()


def test_the_build_id_knows_the_pins(tmp_path: Path, source: ModelSource) -> None:
    first = _export(source, tmp_path / "a")
    assert _export(source, tmp_path / "b").build_id == first.build_id
    board = load_board("rt1050")
    assert board.sdk is not None
    pin = board.sdk.pins[0].model_copy(update={"config": 0x10B1})
    other = board.model_copy(
        update={"sdk": board.sdk.model_copy(update={"pins": (pin, board.sdk.pins[1])})}
    )
    changed = export_project(source, other, tmp_path / "c", "aot", "mcuxpresso")
    assert changed.build_id != first.build_id


@pytest.mark.parametrize("board", BOARDS)
def test_the_readme_has_the_exact_commands(tmp_path: Path, source: ModelSource, board: str) -> None:
    _export(source, tmp_path / "p", board)
    readme = (tmp_path / "p/README.md").read_text()
    build = re.search(r"^west build -b (\w+) APP --toolchain armgcc .*$", readme, re.MULTILINE)
    assert build is not None and build[1] == load_board(board).sdk_board
    assert ("-Dcore_id=cm7" in build[0]) == board.startswith("rt11")
    assert "west flash -d APP/build/flexspi_nor_release -r linkserver" in readme
    assert "{{" not in readme


def test_presets_are_sound_json(tmp_path: Path, source: ModelSource) -> None:
    _export(source, tmp_path / "p", "rt1170")
    presets = json.loads((tmp_path / "p/CMakePresets.json").read_text())
    names = [preset["name"] for preset in presets["configurePresets"]]
    assert names == ["flexspi_nor_release", "flexspi_nor_debug"]
    assert names == [preset["configurePreset"] for preset in presets["buildPresets"]]


def test_a_board_that_the_sdk_does_not_know(tmp_path: Path, source: ModelSource) -> None:
    text = (boards_dir() / "rt1050.toml").read_text()
    start, end = text.index("[sdk]"), text.index("# What the emulator wants")
    (tmp_path / "own.toml").write_text(text[:start] + text[end:])
    board = read_board(tmp_path / "own.toml")
    with pytest.raises(BoardError, match=r"no table \[sdk\]") as caught:
        export_project(source, board, tmp_path / "p", "aot", "mcuxpresso")
    assert "--project cmake" in caught.value.hint
    assert not (tmp_path / "p").exists()


def test_heap_and_data_of_the_sdk_are_planned_for(tmp_path: Path, source: ModelSource) -> None:
    def data_bytes(board: Board, project: str) -> int:
        plan = export_project(source, board, tmp_path / project, "aot", project).plan
        return next(use.used_bytes for use in plan.regions if use.region == "dtcm")

    board = load_board("rt1050")
    heap, static, guard = 1024, 512, 1024
    expected = data_bytes(board, "cmake") + heap + static + guard
    assert data_bytes(board, "mcuxpresso") == expected


@pytest.mark.slow
@pytest.mark.parametrize("rig", RIGS)
def test_the_port_compiles_against_the_sdks_interface(
    tmp_path: Path, source: ModelSource, rig: tuple[str, str]
) -> None:
    board, compiler = rig
    manifest = _export(replace(source, samples=None), tmp_path / "p", board)
    sdk = fake_sdk(tmp_path / "sdk", load_board(board).sdk_board)
    chosen = find_compiler(compiler)
    ours = [path for path in manifest.sources if path.startswith(("boards/", "firmware/port/"))]
    assert len(ours) == 12
    include = ["board", "firmware", "model", f"boards/{load_board(board).sdk_board}"]
    command = [
        *chosen.command, *machine_flags(compiler, "cortex-m7", "fpv5-d16"), "-c",
        "-std=gnu11", "-Wall", "-Wextra", "-Werror",
        f"-I{sdk / 'include'}", *(f"-I{folder}" for folder in include), *ours,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path / "p", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
