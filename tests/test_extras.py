"""A command names all packages that it lacks, in one line to paste, before it does anything."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from helpers.commands import mcuzoo
from helpers.exported import export_project
from helpers.fake_board import write_images

from mcuzoo import extras
from mcuzoo.board.load import load_board
from mcuzoo.errors import MissingExtraError
from mcuzoo.extras import ONNX, PACKAGES, install_command, require_packages
from mcuzoo.zoo.registry import resolve_model

BLOCKER = """\
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "project"
    export_project(resolve_model("signs"), load_board("rt1170"), folder)
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment without any optional package, and without a compiler on the PATH."""
    folder = tmp_path_factory.mktemp("bare")
    names = {module.split(".")[0] for module, _ in PACKAGES.values()}
    (folder / "sitecustomize.py").write_text(BLOCKER.format(names=names))
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MCUZOO")}
    return {
        **kept,
        "PYTHONPATH": str(folder),
        "PATH": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def missing(words: tuple[object, ...], folder: Path, bare: dict[str, str]) -> set[str]:
    """What the command says it lacks: the packages of the line that its hint is."""
    before = listed(folder)
    done = subprocess.run(
        mcuzoo(*words), cwd=folder, env=bare, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert listed(folder) == before, "something was begun"
    hint = done.stderr.rsplit("hint: ", 1)[1].strip()
    assert "\n" not in hint
    command = shlex.split(hint)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    packages = {re.split(r"[<>=!~]", word)[0] for word in command[4:]}
    assert all(f"{package} " in done.stderr.replace(",", " ") for package in packages)
    return packages


IMAGES = {"pillow", "opencv-python-headless"}


@pytest.mark.full
def test_every_command_names_all_that_it_lacks(
    project: Path, bare: dict[str, str], tmp_path: Path
) -> None:
    pictures = write_images(tmp_path / "pictures", 2, classes=2)
    signs = resolve_model("signs").path
    network = tmp_path / "net.onnx"
    network.write_bytes(b"\x08\x08\x12\x07pytorch")
    cases: list[tuple[tuple[object, ...], set[str]]] = [
        (("demo",), {"unicorn", "ziglang", *IMAGES}),
        (("try", signs), {"unicorn", "ziglang", *IMAGES}),
        (("run-serial", "--port", f"emulator://{project}"), {"unicorn", *IMAGES}),
        (("run-serial", "--port", "/dev/x", "--project", project), IMAGES),
        (
            ("run-serial", "--port", f"emulator://{project}", "--images", "signs"),
            {"unicorn", "opencv-python-headless"},
        ),
        (("profile", project), {"unicorn", *IMAGES}),
        (("compare", project, project), {"unicorn", *IMAGES}),
        (("evaluate", "signs", "--data", pictures), IMAGES),
        (
            ("evaluate", "signs", "--data", pictures, "--engine", "emulator"),
            {"unicorn", "ziglang", *IMAGES},
        ),
        (
            ("evaluate", "signs", "--data", pictures, "--engine", "tflm", "--against", "xnnpack"),
            {"tflite-micro", "ai-edge-litert", *IMAGES},
        ),
        (
            ("convert", "signs", tmp_path / "out.tflite", "--images", pictures),
            {"ai-edge-litert", *IMAGES},
        ),
        (("doctor-image", tmp_path / "pictures" / "000.png", "--model", "signs"), IMAGES),
        (("emulate", project), {"unicorn"}),
        (
            ("fit", "signs", "--board", "rt1170", "--measure", "-o", tmp_path / "measured"),
            {"unicorn", "ziglang"},
        ),
        (
            ("quantize", signs, tmp_path / "q.tflite", "--calibration", pictures),
            {"tensorflow", "ai-edge-litert", *IMAGES},
        ),
        (
            ("quantize", network, tmp_path / "q.tflite", "--calibration", pictures),
            {"tensorflow", "ai-edge-litert", *ONNX, *IMAGES},
        ),
    ]
    for words, expected in cases:
        assert missing(words, tmp_path, bare) == expected, words


@pytest.mark.slow
def test_what_needs_no_package_runs_without_any(bare: dict[str, str], tmp_path: Path) -> None:
    for words in (("fit", "signs", "--board", "rt1050"), ("export", "signs", "--board", "rt1170")):
        done = subprocess.run(
            mcuzoo(*words), cwd=tmp_path, env=bare, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr


def test_the_table_is_that_of_the_package() -> None:
    """By what this installation states of itself."""
    stated = {
        (match[1].lower(), match[2])
        for line in requires("mcuzoo") or []
        if (match := re.match(r"([\w.-]+).*extra == ['\"](\w+)", line))
    }
    assert {(name, extra) for name, (_, extra) in PACKAGES.items()} <= stated
    used = {name for name, extra in stated if extra not in ("test", "all", "demo")}
    assert used - {"mcuzoo"} == set(PACKAGES)


def test_the_line_has_the_bounds_and_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    command = shlex.split(install_command(["unicorn", "pillow"]))
    bounds = command[-2].removeprefix("unicorn").split(",")
    assert set(bounds) == {">=2.1.4", "<2.2"} and command[-1].startswith("pillow>=")
    monkeypatch.setattr(sys, "executable", "/a place/bin/python")
    assert install_command(["pillow"]).startswith("'/a place/bin/python' -m pip install ")
    monkeypatch.setattr(shutil, "which", lambda name: f"/a place/bin/{name}")
    assert install_command(["pillow"]).startswith("pip install ")


def test_all_that_is_missing_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    require_packages(["pillow", "unicorn"], "Nothing")
    monkeypatch.setattr(extras, "_is_there", lambda module: module == "PIL")
    with pytest.raises(MissingExtraError) as caught:
        require_packages(["unicorn", "pillow", "ziglang", "unicorn"], "The demo")
    assert "packages unicorn and ziglang, which are" in caught.value.message
    assert "extras emulator,toolchain" in caught.value.message
