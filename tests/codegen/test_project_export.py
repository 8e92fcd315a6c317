"""An exported project: complete, minimal, deterministic, and refused where it cannot be right."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.boards import BOARDS
from helpers.exported import export_project
from helpers.small_source import small_source
from helpers.tflite_builder import pool_model, unary_model

from mcuzoo.board.load import load_board, read_board
from mcuzoo.board.model import Board
from mcuzoo.errors import FitError, ProjectError, UnsupportedOpError
from mcuzoo.project.manifest import MANIFEST_NAME, Manifest, load_manifest
from mcuzoo.resources import boards_dir, firmware_dir
from mcuzoo.zoo.registry import ModelSource


@pytest.fixture
def source(tmp_path: Path) -> ModelSource:
    return small_source(tmp_path / "model")


def _export(source: ModelSource, directory: Path, board: str = "rt1050") -> Manifest:
    return export_project(source, load_board(board), directory)


def _contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("board", BOARDS)
def test_everything_is_there_and_listed(tmp_path: Path, source: ModelSource, board: str) -> None:
    manifest = _export(source, tmp_path / "p", board)
    files = _contents(tmp_path / "p")
    assert load_manifest(tmp_path / "p") == manifest
    assert {
        "README.md",
        "CMakeLists.txt",
        "CMakePresets.json",
        "cmake/gcc.cmake",
        "cmake/zig.cmake",
        f"linker/{board}.ld",
        *(f"board/{name}" for name in load_board(board).files),
        "board/mz_board.h",
        "board/mz_build_id.h",
        "model/model.tflite",
        "model/mz_model.c",
        "model/mz_model_data.c",
        "model/labels.txt",
        "samples/manifest.csv",
        "samples/one.jpg",
        "firmware/app/main.c",
        "firmware/kernels/mz_conv_2d_s8_dsp.c",
    } <= files.keys()
    hashes = {path: sha256(content).hexdigest() for path, content in files.items()}
    del hashes[MANIFEST_NAME]
    assert manifest.files == hashes
    assert set(manifest.sources) == {path for path in files if path.endswith(".c")}
    assert manifest.model.sha256 == hashes["model/model.tflite"]
    assert manifest.build_id in files["board/mz_build_id.h"].decode()
    assert files["model/labels.txt"] == b"stop\ngo\n"


def test_firmware_files_are_copied_as_they_are_and_only_where_needed(
    tmp_path: Path, source: ModelSource
) -> None:
    _export(source, tmp_path / "p")
    copied = {
        path: content
        for path, content in _contents(tmp_path / "p").items()
        if path.startswith("firmware/")
    }
    for path, content in copied.items():
        assert content == (firmware_dir().parent / path).read_bytes()
    assert not [path for path in copied if "softmax" in path or "port/host" in path]


def test_the_same_input_gives_the_same_bytes_anywhere(tmp_path: Path, source: ModelSource) -> None:
    _export(source, tmp_path / "one")
    _export(source, tmp_path / "else" / "where")
    assert _contents(tmp_path / "one") == _contents(tmp_path / "else" / "where")


def test_nothing_of_this_machine_enters_a_project(tmp_path: Path, source: ModelSource) -> None:
    _export(source, tmp_path / "p")
    for path, content in _contents(tmp_path / "p").items():
        for place in (str(tmp_path), str(firmware_dir().parent)):
            assert place.encode() not in content, path


def test_the_build_id_tells_boards_models_and_placements_apart(
    tmp_path: Path, source: ModelSource
) -> None:
    ids = [_export(source, tmp_path / board, board).build_id for board in BOARDS]
    pinned = export_project(source, load_board("rt1050"), tmp_path / "pinned", arena_region="ocram")
    assert pinned.plan.arena_region == "ocram"
    assert len({*ids, pinned.build_id}) == len(BOARDS) + 1


def test_labels_and_samples_are_optional_and_no_part_of_the_firmware(
    tmp_path: Path, source: ModelSource
) -> None:
    full = _export(source, tmp_path / "full")
    bare = _export(replace(source, labels=None, samples=None), tmp_path / "bare")
    assert (bare.labels, bare.samples) == (None, None)
    assert (full.labels, full.samples) == ("model/labels.txt", "samples/manifest.csv")
    assert not (tmp_path / "bare" / "samples").exists()
    assert bare.build_id == full.build_id


def test_the_readme_names_three_commands_and_the_memory(
    tmp_path: Path, source: ModelSource
) -> None:
    _export(source, tmp_path / "p")
    readme = (tmp_path / "p" / "README.md").read_text()
    assert readme.count("mcuzoo build .") == 1
    assert readme.count("mcuzoo run-serial") == 2
    assert "| dtcm |" in readme
    assert "{{" not in readme


@pytest.mark.parametrize(
    ("board", "address", "switches"),
    [
        ("rt1050", "0x60000000", "SW7: 1 off, 2 on, 3 on, 4 off"),
        ("rt1060", "0x60000000", "SW4: 1 off, 2 off, 3 on, 4 off"),
        ("rt1064", "0x70000000", "SW7: 1 off, 2 off, 3 on, 4 off"),
        ("rt1160", "0x30000400", "SW1: 1 off, 2 off, 3 on, 4 off"),
        ("rt1170", "0x30000400", "SW1: 1 off, 2 off, 3 on, 4 off"),
    ],
)
def test_the_readme_says_how_the_board_is_flashed(
    tmp_path: Path, source: ModelSource, board: str, address: str, switches: str
) -> None:
    _export(source, tmp_path / "p", board)
    readme = (tmp_path / "p" / "README.md").read_text()
    assert f"a `.bin` file goes to {address}." in readme
    assert f"set {switches}." in readme


def test_a_project_brings_its_board_file_along(tmp_path: Path, source: ModelSource) -> None:
    _export(source, tmp_path / "p")
    folder = tmp_path / "p" / "board"
    assert (folder / "board.toml").read_bytes() == (boards_dir() / "rt1050.toml").read_bytes()
    for name in load_board("rt1050").files:
        assert (folder / name).is_file(), name
    board = read_board(folder / "board.toml")
    unwritten = Board.model_validate(board.model_dump(mode="python", by_alias=True))
    bare = export_project(source, unwritten, tmp_path / "bare")
    assert "board/board.toml" not in bare.files
    assert bare.build_id == load_manifest(tmp_path / "p").build_id


def test_presets_are_sound_json(tmp_path: Path, source: ModelSource) -> None:
    _export(source, tmp_path / "p")
    presets = json.loads((tmp_path / "p" / "CMakePresets.json").read_text())
    assert [preset["name"] for preset in presets["configurePresets"]] == ["gcc", "zig"]
    assert [preset["configurePreset"] for preset in presets["buildPresets"]] == ["gcc", "zig"]


def test_a_foreign_folder_is_refused_before_any_work(tmp_path: Path, source: ModelSource) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ProjectError):
        _export(source, tmp_path)
    missing = replace(source, path=tmp_path / "none.tflite")
    with pytest.raises(ProjectError):
        _export(missing, tmp_path)


def test_a_model_that_does_not_fit_is_refused_by_region(tmp_path: Path) -> None:
    model = tmp_path / "big.tflite"
    model.write_bytes(pool_model("MAX_POOL_2D", (1, 4096, 4096, 3)))
    with pytest.raises(FitError, match=r"sdram needs 50,331,648 of 33,554,432 bytes") as caught:
        _export(replace(small_source(tmp_path / "m"), path=model, name="big"), tmp_path / "p")
    assert caught.value.exit_code == 1
    assert not (tmp_path / "p").exists()


def test_an_op_without_kernel_is_named(tmp_path: Path) -> None:
    model = tmp_path / "floor.tflite"
    model.write_bytes(unary_model("FLOOR", (1, 8), (1, 8)))
    with pytest.raises(UnsupportedOpError, match="Op 0 FLOOR"):
        _export(replace(small_source(tmp_path / "m"), path=model), tmp_path / "p")
