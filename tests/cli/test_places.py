"""A place that cannot be written, or a file where a folder is wanted: exit code 2, in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.uint8_models import uint8_net

pytestmark = pytest.mark.slow


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A file system that takes nothing, which stops root as well."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    (folder / "model.tflite").write_bytes(uint8_net())
    mount = ["mount", "--bind", "-o", "ro", str(folder), str(folder)]
    if sys.platform == "win32" or subprocess.run(mount, capture_output=True).returncode:
        folder.chmod(0o500)
        if os.access(folder, os.W_OK):
            pytest.skip("neither a mount nor permissions keep this user from writing")
        yield folder
        folder.chmod(0o700)
        return
    if os.access(folder, os.W_OK):  # some kernels take two steps for it
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def refused(*words: object) -> str:
    done = invoke((*words, "--json"))
    assert done.exit_code == 2, done.stderr
    document = json.loads(done.stdout)
    assert document["exit_code"] == 2 and document["hint"]
    assert "Traceback" not in done.stderr
    message: str = document["message"]
    return message


def test_a_read_only_place(read_only: Path) -> None:
    aot = ("--runtime", "aot", "--board", "rt1050")
    assert "Read-only" in refused("export", "signs", *aot, "-o", read_only / "p") or os.getuid()
    refused("demo", "-o", read_only / "demo")
    refused("fit", "signs", "--board", "rt1050", "--html", read_only / "fit.html")
    refused("convert", read_only / "model.tflite", read_only / "out.tflite")
    assert [path.name for path in read_only.iterdir()] == ["model.tflite"]


def test_a_file_where_a_folder_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    assert "file" in refused("demo", "-o", file)
    assert "a folder is wanted" in refused("export", "signs", "-b", "rt1050", "-o", file / "p")
    project = tmp_path / "project"
    words = ("export", "signs", "-b", "rt1050", "--runtime", "aot", "--project", "cmake")
    assert invoke((*words, "-o", project)).exit_code == 0
    (project / "build").write_text("in the way")
    assert f"{project / 'build'} is a file" in refused("build", project)
    assert file.read_text() == "mine"


def test_an_output_that_is_an_input(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(uint8_net())
    link = tmp_path / "link.tflite"
    link.symlink_to(model)
    for words in (
        ("convert", model, model),
        ("convert", model, link),
        ("fit", model, "--board", "rt1050", "--html", link),
        ("evaluate", model, "--data", "signs", "--outputs", model),
        ("run-serial", "--port", "/dev/none", "--images", model, "--trace", link),
        ("doctor-image", model, "--out", link),
    ):
        assert "which would be overwritten" in refused(*words)
    assert model.read_bytes() == uint8_net()
