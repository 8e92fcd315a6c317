"""Whatever a user gets wrong ends in one paragraph, a hint and the right exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.commands import invoke
from helpers.exported import export_project
from helpers.tflite_builder import conv_model
from helpers.tflite_file import O, T, build_model

from mcuzoo.board.load import load_board
from mcuzoo.project.manifest import load_manifest, write_manifest
from mcuzoo.zoo.registry import resolve_model


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "project"
    export_project(resolve_model("signs"), load_board("rt1170"), folder)
    return folder


@pytest.fixture(scope="module")
def signs_file() -> Path:
    return resolve_model("signs").path


def refused(code: int, *words: object) -> str:
    """Run mcuzoo; it must fail with `code` as a user is to be told. Returns the message."""
    done = invoke(words)
    assert done.exit_code == code, done.stderr
    assert "Traceback" not in done.stderr
    error, hint = done.stderr.rsplit("hint: ", 1)
    assert hint.strip()
    message = error.rsplit("error: ", 1)[1].strip()
    assert message and "\n\n" not in message
    return message


def float_model() -> bytes:
    tensors = [T("in", (1, 4), "float32"), T("out", (1, 4), "float32")]
    return build_model(tensors, [O("RELU", (0,), (1,))], [0], [1])


@pytest.mark.slow
def test_truncated_model(signs_file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(signs_file.read_bytes()[:100_000])
    for command in ("inspect", "fit", "export"):
        board = () if command == "inspect" else ("--board", "rt1170")
        assert "cut.tflite" in refused(2, command, cut, *board)


def test_model_that_is_not_quantized(tmp_path: Path) -> None:
    file = tmp_path / "float.tflite"
    file.write_bytes(float_model())
    message = refused(2, "export", file, "--board", "rt1050", "-o", tmp_path / "project")
    assert "not quantized" in message and not (tmp_path / "project").exists()


def test_unknown_model_and_board(signs_file: Path) -> None:
    assert "no model 'sign'" in refused(2, "fit", "sign", "--board", "rt1170")
    assert "no board 'rt1117'" in refused(2, "fit", signs_file, "--board", "rt1117")


def test_model_that_does_not_fit_says_so_by_region(tmp_path: Path) -> None:
    file = tmp_path / "huge.tflite"
    file.write_bytes(conv_model((1, 8192, 8192, 3), np.ones((8, 3, 3, 3), np.int8), None))
    done = invoke(("fit", file, "--board", "rt1050", "--json"))
    assert done.exit_code == 1
    assert json.loads(done.stdout)["fits"] is False
    message = refused(1, "export", file, "--board", "rt1050", "-o", tmp_path / "project")
    assert "needs" in message and "of 33,554,432 bytes" in message


@pytest.mark.slow
def test_port_that_does_not_exist(project: Path) -> None:
    message = refused(3, "run-serial", "--port", "/dev/no-such-port", "--project", project)
    assert "/dev/no-such-port" in message


@contextmanager
def silent_port() -> Iterator[str]:
    import pty

    near, far = pty.openpty()
    try:
        yield os.ttyname(far)
    finally:
        os.close(near)
        os.close(far)


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_port_that_answers_nothing(project: Path) -> None:
    with silent_port() as port:
        assert "Nothing answers" in refused(3, "run-serial", "--port", port, "--project", project)


def test_project_that_is_none_or_not_built(project: Path, tmp_path: Path) -> None:
    assert "no mcuzoo.json" in refused(2, "build", tmp_path)
    assert "has not been built" in refused(2, "run-serial", "--port", f"emulator://{project}")


def test_project_whose_model_was_exchanged(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    export_project(resolve_model("signs"), load_board("rt1170"), other)
    manifest = load_manifest(other)
    write_manifest(replace(manifest, model=replace(manifest.model, sha256="0" * 64)), other)
    message = refused(2, "run-serial", "--port", "/dev/no-such-port", "--project", other)
    assert "not the model" in message


def test_images_that_are_none(project: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    common = ("run-serial", "--port", "/dev/no-such-port", "--project", project)
    assert "no images" in refused(2, *common, "--images", empty)
    assert "nowhere" in refused(2, *common, "--images", tmp_path / "nowhere")


def test_folder_of_somebody_else(signs_file: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("do not overwrite")
    refused(2, "export", signs_file, "--board", "rt1170", "-o", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_errors_are_json_where_asked(tmp_path: Path) -> None:
    done = invoke(("fit", tmp_path / "none.tflite", "--board", "rt1170", "--json"))
    error = json.loads(done.stdout)
    assert done.exit_code == error["exit_code"] == 2
    assert error["error"] == "InputError" and error["hint"]
