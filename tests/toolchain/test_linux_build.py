"""The build of a program for Linux: its entry, its identity, what it refuses, what it explains."""

from __future__ import annotations

import os
import shutil
import stat
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.linux_compiler import quick_linux_compiler

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.board.load import load_any_board
from mcuzoo.codegen.linux.agent import DRAM
from mcuzoo.codegen.linux.project import export_linux_project
from mcuzoo.codegen.options import ExportOptions
from mcuzoo.errors import ProjectError, ToolchainError, UsageError
from mcuzoo.project.manifest import load_manifest
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.find import LINUX_GCC_VARIABLE, ZIG_VARIABLE
from mcuzoo.toolchain.fresh import same_sources
from mcuzoo.toolchain.options import BuildOptions
from mcuzoo.zoo.registry import resolve_model


def _project(folder: Path) -> Path:
    board = load_any_board("imx8mp")  # no Vela file, which would take a second
    assert isinstance(board, LinuxBoard)
    export_linux_project(resolve_model("signs"), board, folder, ExportOptions())
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = _project(tmp_path_factory.mktemp("linux") / "project")
    build_project(project, BuildOptions(quick_linux_compiler().kind))
    return project


def test_its_entry(built: Path) -> None:
    manifest = load_manifest(built)
    build = manifest.build
    assert build is not None
    assert (build.bin, build.hex, build.regions, build.changed) == ("", "", (), {})
    program = built / build.elf
    assert build.sha256 == {"elf": sha256(program.read_bytes()).hexdigest()}
    assert build.build_id.encode() in program.read_bytes()
    assert str(built).encode() not in program.read_bytes()
    assert os.name == "nt" or program.stat().st_mode & stat.S_IXUSR
    assert manifest.plan.arena_region == manifest.plan.weights_region == DRAM
    assert same_sources(built, manifest, build)
    libraries = {part.name for part in build.parts}
    assert libraries & {"musl of Zig", "GNU C Library"}


def test_the_same_sources_give_the_same_program(built: Path, tmp_path: Path) -> None:
    other = tmp_path / "some where else"
    shutil.copytree(built, other, ignore=shutil.ignore_patterns("build"))
    before = load_manifest(built).build
    assert before is not None
    build = build_project(other, BuildOptions(before.toolchain))
    assert (build.sha256, build.build_id) == (before.sha256, before.build_id)


def test_a_changed_source_is_noticed(built: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(built, project)
    with (project / "model/mz_model.c").open("a") as file:
        file.write("/* mine */\n")
    manifest = load_manifest(project)
    assert manifest.build is not None
    assert same_sources(project, manifest, manifest.build) is False


def test_it_has_no_flash_image(built: Path) -> None:
    with pytest.raises(ProjectError, match="it has no flash image"):
        load_manifest(built).chip  # noqa: B018


@pytest.mark.parametrize(
    "options",
    [BuildOptions(tflm=Path("x")), BuildOptions(sdk=Path("x")), BuildOptions(config="release")],
)
def test_choices_of_other_projects(built: Path, options: BuildOptions) -> None:
    with pytest.raises(UsageError, match="is a program for Linux"):
        build_project(built, options)


def test_without_a_compiler(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcuzoo.toolchain.find._packaged_zig", lambda: None)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv(LINUX_GCC_VARIABLE, raising=False)
    monkeypatch.delenv(ZIG_VARIABLE, raising=False)
    with pytest.raises(ToolchainError, match="neither zig nor aarch64-linux-gnu-gcc") as caught:
        build_project(built)
    assert "ziglang" in caught.value.hint


@pytest.mark.full
@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Zig is a shell script")
def test_the_minutes_of_zigs_library_are_explained_once(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zig is a stand-in that hands on to the quick compiler what it is asked for."""
    gcc = quick_linux_compiler()
    if gcc.kind != "gcc":
        pytest.skip("needs aarch64-linux-gnu-gcc")
    zig = tmp_path / "zig"
    zig.write_text(
        f"""#!/bin/sh
[ "$1" = version ] && {{ echo 9.9.9; exit; }}
shift
for word; do
  shift
  case $word in -target | aarch64-linux-musl | -mcpu=* | -fno-sanitize=*) ;;
  *) set -- "$@" "$word" ;; esac
done
exec {gcc.command[0]} "$@"
"""
    )
    zig.chmod(0o755)
    monkeypatch.setenv(ZIG_VARIABLE, str(zig))
    monkeypatch.setenv("ZIG_GLOBAL_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    project = tmp_path / "project"
    shutil.copytree(built, project)
    said: list[str] = []
    for _ in range(2):
        build = build_project(project, BuildOptions("zig"), say=said.append)
        assert (build.toolchain, build.compiler_version) == ("zig", "9.9.9")
    assert len(said) == 1
    assert "minutes" in said[0] and str(tmp_path / "cache") in said[0]
