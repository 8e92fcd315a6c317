"""The wheel carries everything: an installed mcuzoo exports the same bytes as a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from helpers.small_source import small_source
from helpers.source_tree import REPOSITORY, copy_sources

from mcuzoo import __version__
from mcuzoo.resources import resource_root

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    pytest.importorskip("hatch_vcs")
    folder = tmp_path_factory.mktemp("wheel")
    source = copy_sources(folder / "source")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    # Not the version of the repository: that of this checkout, which it is compared with.
    environment = {**os.environ, "SETUPTOOLS_SCM_PRETEND_VERSION": __version__}
    done = subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("mcuzoo-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the package as an installer lays it out, which is how it is packed."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def _python(path: Path, folder: Path, *arguments: str) -> str:
    """What Python says when it finds mcuzoo in `path` first."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_a_checkout_uses_its_own_folders() -> None:
    assert resource_root() == REPOSITORY


def test_an_installed_package_brings_its_folders(installed: Path, tmp_path: Path) -> None:
    code = "from mcuzoo.resources import resource_root; print(resource_root())"
    root = Path(_python(installed, tmp_path, "-c", code).strip())
    assert root == installed / "mcuzoo" / "_resources"
    for folder in ("boards", "templates", "firmware"):
        assert _contents(root / folder).keys() == _tracked(REPOSITORY / folder)


def _tracked(folder: Path) -> set[str]:
    return {name for name in _contents(folder) if "__pycache__" not in name}


def test_the_data_files_of_the_package_are_in_the_wheel(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    data = {
        path.relative_to(REPOSITORY).as_posix()
        for suffix in ("*.toml", "*.tflite", "*.txt", "*.json")
        for path in (REPOSITORY / "mcuzoo").rglob(suffix)
    }
    assert data, "the planner's footprint.toml at least"
    assert data <= packed
    assert not [name for name in packed if "__pycache__" in name]


def test_the_wheel_says_its_licence_and_that_it_is_typed(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel)
    text = (REPOSITORY / "LICENSE").read_bytes()
    (about,) = {name.split("/")[0] for name in packed.namelist() if ".dist-info/" in name}
    assert packed.read(f"{about}/licenses/LICENSE") == text
    assert packed.read("mcuzoo/_resources/LICENSE") == text
    metadata = packed.read(f"{about}/METADATA").decode()
    assert "License-Expression: Apache-2.0\nLicense-File: LICENSE\n" in metadata
    assert packed.read("mcuzoo/py.typed") == b""


@pytest.mark.parametrize(
    ("board", "kind"),
    [("rt1050", "mcuxpresso"), pytest.param("rt1170", "cmake", marks=pytest.mark.full)],
)
def test_wheel_and_checkout_export_the_same_project(
    installed: Path, tmp_path: Path, board: str, kind: str
) -> None:
    source = small_source(tmp_path / "model")
    made = {}
    for name, path in (("checkout", REPOSITORY), ("wheel", installed)):
        project = tmp_path / name
        _python(
            path, tmp_path, "-m", "mcuzoo", "export", str(source.path), "--board", board,
            "--project", kind, "--runtime", "aot", "-o", str(project),
        )  # fmt: skip
        made[name] = _contents(project)
    assert made["checkout"] == made["wheel"]
    assert {"firmware/app/main.c", "LICENSE"} <= made["wheel"].keys()
