"""A build id names the build: by mcuzoo and by CMake, which agree, and by whatever goes in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.compilers import ONE_COMPILER_FIRST, needs_newlib
from helpers.exported import export_project, tflm_of
from helpers.fake_board import HELLO
from helpers.fake_sdk import fake_sdk
from helpers.fake_tflm import compilable_tree
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.codegen.tflm.tree import open_tree
from mcuzoo.errors import ToolchainError, WrongFirmwareError
from mcuzoo.project.build_id import BUILD_ID_FILE, build_id, firmware_inputs, hash_files
from mcuzoo.project.manifest import load_manifest, load_project
from mcuzoo.run.connected_board import check_firmware
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.compile import CompileJob, build_facts
from mcuzoo.toolchain.find import find_compiler
from mcuzoo.toolchain.options import BuildOptions

pytestmark = pytest.mark.slow

needs_cmake = pytest.mark.skipif(
    shutil.which("cmake") is None or shutil.which("ninja") is None, reason="no cmake and ninja"
)


def _run(project: Path, *command: str) -> None:
    # As in a shell in which this Python's environment, with its ziglang, is active.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _edit_later_than(built: Path, path: Path, text: str) -> None:
    # Ninja compares file times, which a kernel may count in steps of some milliseconds: to Ninja,
    # an edit in the same step as the build is none.
    while not path.exists() or path.stat().st_mtime_ns <= built.stat().st_mtime_ns:
        with path.open("a") as file:
            file.write(text)


@needs_cmake
@pytest.mark.parametrize("compiler", ONE_COMPILER_FIRST)
def test_cmake_and_mcuzoo_agree(tmp_path: Path, compiler: str) -> None:
    project = tmp_path / "p"
    source = small_source(tmp_path / "model", with_assets=False)
    manifest = export_project(source, load_board("rt1050"), project)
    folder = project / f"build/cmake-{compiler}"

    def by_cmake(*options: str) -> str:
        _run(project, "cmake", "--preset", compiler, *options)
        header = "mz_build_id/mz_build_id.h"
        _run(project, "cmake", "--build", "--preset", compiler, "--target", header)
        return (folder / BUILD_ID_FILE).read_text().strip()

    def by_mcuzoo(level: str = "-O2") -> str:
        job = CompileJob(find_compiler(compiler), project, tmp_path, level)
        hashes = hash_files(project, firmware_inputs(project))
        return build_id(hashes, build_facts(job, manifest))

    first = by_cmake()
    assert first == by_mcuzoo() != manifest.build_id
    ids = {first, manifest.build_id, by_mcuzoo("-Os"), by_cmake("-DCMAKE_BUILD_TYPE=Debug")}
    assert len(ids) == 4
    assert by_cmake("-DCMAKE_BUILD_TYPE=") == first
    for number, path in enumerate(("firmware/app/mz_app.h", "linker/rt1050.ld", "board/new.h")):
        _edit_later_than(folder / BUILD_ID_FILE, project / path, f"/* edited: {number} */\n")
        ids.add(edited := by_cmake())
        assert len(ids) == 5 + number, path
        assert edited == by_mcuzoo(), path
    assert load_project(project).cmake_builds == (edited,)


@needs_cmake
@pytest.mark.skipif(shutil.which("arm-none-eabi-g++") is None, reason="no arm-none-eabi-g++")
def test_a_tflm_tree_belongs_to_it_wherever_it_is(tmp_path: Path) -> None:
    tree = compilable_tree(tmp_path / "tree")
    source = small_source(tmp_path / "model", with_assets=False)
    ids = []
    for name in ("one", "two", "other"):
        project = tmp_path / name
        moved = shutil.copytree(tree, tmp_path / f"{name}-tree")
        if name == "other":
            (moved / "tensorflow/lite/micro/more.h").write_text("\n")
        options = tflm_of(moved, "reference")
        manifest = export_project(source, load_board("rt1050"), project, "tflm", "cmake", **options)
        _run(project, "cmake", "--preset", "gcc")
        target = "mz_build_id/mz_build_id.h"
        _run(project, "cmake", "--build", "--preset", "gcc", "--target", target)
        ids.append((project / f"build/cmake-gcc/{BUILD_ID_FILE}").read_text().strip())
        checked = open_tree(moved, "reference")
        job = CompileJob(find_compiler("gcc"), project, tmp_path, "-O2", tflm_tree=checked)
        hashes = hash_files(project, firmware_inputs(project))
        assert ids[-1] == build_id(hashes, build_facts(job, manifest))
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.full
@needs_cmake
@needs_newlib
def test_configuration_and_sdk_belong_to_it(tmp_path: Path) -> None:
    project = tmp_path / "p"
    source = small_source(tmp_path / "model", with_assets=False)
    export_project(source, load_board("rt1050"), project, "aot", "mcuxpresso")
    old, new = fake_sdk(tmp_path / "old"), fake_sdk(tmp_path / "new", version=(25, 12))
    ids = []
    for sdk, config in ((old, "release"), (old, "debug"), (new, "release")):
        entry = build_project(project, BuildOptions(sdk=sdk, config=config))
        assert entry.build_id.encode() in (project / entry.bin).read_bytes()
        ids.append(entry.build_id)
    assert len(set(ids)) == 3
    with (project / "prj.conf").open("a") as file:
        file.write("# more\n")
    assert build_project(project, BuildOptions(sdk=new)).build_id not in ids


def test_a_board_runs_any_build_of_the_folder(tmp_path: Path) -> None:
    project = tmp_path / "p"
    export_project(small_source(tmp_path / "model"), load_board("rt1050"), project)
    for folder, text in (
        ("a", "ab" * 16 + "\n"),
        ("b", "cd" * 16),
        ("c", "no id"),
        ("d", "x" * 99),
    ):
        (project / "build" / folder).mkdir(parents=True)
        (project / "build" / folder / BUILD_ID_FILE).write_text(text)
    manifest = load_manifest(project)
    assert manifest.cmake_builds == ("ab" * 16, "cd" * 16)
    assert manifest.build_ids == (manifest.build_id, "ab" * 16, "cd" * 16)
    board = replace(
        HELLO, model_sha256=manifest.model.sha256, input=manifest.input, output=manifest.output
    )
    for identity in manifest.build_ids:
        check_firmware(replace(board, build_id=identity), manifest)
    with pytest.raises(WrongFirmwareError, match="runs the build eeee"):
        check_firmware(replace(board, build_id="ee" * 16), manifest)


@needs_cmake
@needs_newlib
def test_cmake_files_without_an_identity_are_told(tmp_path: Path) -> None:
    project = tmp_path / "p"
    source = small_source(tmp_path / "model", with_assets=False)
    export_project(source, load_board("rt1050"), project, "aot", "mcuxpresso")
    lists = project / "CMakeLists.txt"
    lists.write_text(
        lists.read_text().replace("include(${CMAKE_CURRENT_LIST_DIR}/cmake/build_id", "#")
    )
    with pytest.raises(ToolchainError, match=r"wrote no mz_build_id\.txt"):
        build_project(project, BuildOptions(sdk=fake_sdk(tmp_path / "sdk")))
