"""Whatever models, boards, tensors, labels and folders are called: it builds, and runs nothing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from helpers.compilers import every_compiler, needs_newlib
from helpers.exported import export_project, tflm_of
from helpers.fake_sdk import fake_sdk
from helpers.fake_tflm import compilable_tree, fake_tree
from helpers.hostile import HOSTILE, LONG, canaries, hostile_board, hostile_source, loose_text

from mcuzoo.codegen.universal import UniversalOptions, export_universal
from mcuzoo.data.labels import load_classes
from mcuzoo.project.manifest import load_manifest, load_project
from mcuzoo.toolchain.build import build_project
from mcuzoo.toolchain.options import BuildOptions

pytestmark = pytest.mark.slow

needs_cmake = pytest.mark.skipif(
    not all(shutil.which(name) for name in ("cmake", "ninja", "arm-none-eabi-g++")),
    reason="no cmake, ninja or arm-none-eabi-g++",
)
NAMES = pytest.mark.parametrize("name", [HOSTILE, LONG], ids=["hostile", "long"])
RENDERED = (".c", ".h", ".S", ".ld", ".cmake", ".txt", ".md", ".json", ".conf", "Kconfig")


def _export(folder: Path, name: str, runtime: str, kind: str, embed: str = "array") -> Path:
    tflm: dict[str, Any] = {}
    if runtime == "tflm":
        tree = fake_tree(folder / "tree") if kind == "cmake" else None
        tflm = tflm_of(tree, "reference", embed=embed)
    source = hostile_source(folder / "source", name)
    project = folder / "p"
    export_project(source, hostile_board("rt1050"), project, runtime, kind, **tflm)
    return project


def _require_tame(project: Path) -> None:
    for path in project.rglob("*"):
        if path.is_file() and path.name.endswith(RENDERED) and "firmware" not in path.parts:
            assert not loose_text(path.read_text(encoding="utf-8")), path


def _cmake(project: Path, *command: str) -> None:
    done = subprocess.run(["cmake", *command], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@every_compiler
def test_the_ahead_of_time_runtime(tmp_path: Path, compiler: str) -> None:
    project = _export(tmp_path, HOSTILE, "aot", "cmake")
    _require_tame(project)
    entry = build_project(project, BuildOptions(compiler))
    assert (project / entry.bin).is_file()
    manifest = load_manifest(project)
    assert load_classes(project / str(manifest.labels), 4).names is not None
    assert not canaries(tmp_path)


@needs_cmake
def test_by_cmake(tmp_path: Path) -> None:
    project = _export(tmp_path, HOSTILE, "aot", "cmake")
    _cmake(project, "--preset", "gcc")
    _cmake(project, "--build", "--preset", "gcc")
    assert not canaries(tmp_path)


@needs_cmake
@needs_newlib
@pytest.mark.parametrize(
    ("runtime", "name"),
    [
        pytest.param("aot", LONG, marks=pytest.mark.full),
        pytest.param("aot", HOSTILE, marks=pytest.mark.full),
        ("tflm", HOSTILE),
    ],
)
def test_in_the_sdk(tmp_path: Path, name: str, runtime: str) -> None:
    project = _export(tmp_path, name, runtime, "mcuxpresso", "incbin")
    _require_tame(project)
    sdk = fake_sdk(tmp_path / "sdk")
    tree = compilable_tree(tmp_path / "tree") if runtime == "tflm" else None
    build_project(project, BuildOptions(tflm=tree, sdk=sdk))
    assert not canaries(tmp_path)


@needs_cmake
@NAMES
@pytest.mark.parametrize("embed", [pytest.param("array", marks=pytest.mark.full), "incbin"])
def test_with_tflm(tmp_path: Path, name: str, embed: str) -> None:
    project = _export(tmp_path, name, "tflm", "cmake", embed)
    _require_tame(project)
    _cmake(project, "--preset", "gcc")
    includes = [f"-I{folder}" for folder in load_manifest(project).include_dirs]
    for source in (*(project / "model").glob("*.c"), *(project / "model").glob("*.S")):
        command = ["arm-none-eabi-gcc", "-Wall", "-Wextra", "-Werror", *includes, "-c", str(source)]
        done = subprocess.run([*command, "-o", str(tmp_path / "o")], cwd=project, text=True)
        assert done.returncode == 0
    assert not canaries(tmp_path)


@needs_cmake
def test_a_universal_firmware(tmp_path: Path) -> None:
    tree = fake_tree(tmp_path / "tree $ (x) [y] 'z' #".replace("$", ""))
    options = UniversalOptions(tree, ("CONV_2D", "SOFTMAX"), "reference")
    export_universal(hostile_board("rt1170"), tmp_path / "p", options)
    _require_tame(tmp_path / "p")
    assert load_project(tmp_path / "p").name == "rt1170-universal"
    _cmake(tmp_path / "p", "--preset", "gcc")
    assert not canaries(tmp_path)
