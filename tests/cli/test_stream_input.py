"""--stream-input: what fit and export say of it, and whom they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.commands import invoke

from mcuzoo.project.manifest import load_manifest


def refused(*words: object) -> str:
    done = invoke([str(word) for word in words])
    assert done.exit_code == 2
    assert "hint: " in done.stderr
    return done.stderr


def test_export(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    words = ["export", "signs", "--board", "rt1050", "--runtime", "aot", "--project", "cmake",
             "--stream-input", "-o", str(folder)]  # fmt: skip
    done = invoke(words)
    assert done.exit_code == 0, done.output
    assert "in dtcm, the input consumed as it arrives\n" in done.stdout
    manifest = load_manifest(folder)
    assert manifest.plan.stream_input
    images = [source for source in manifest.sources if "/image/" in source]
    assert images == ["firmware/image/rows/mz_image_rows.c"]
    assert "firmware/runtime/aot/mz_rows.c" in manifest.sources
    assert "MZ_INPUT_OFFSET" not in (folder / "model/mz_model.h").read_text()
    assert "never holds the whole input" in (folder / "README.md").read_text()


def test_a_project_without_it_has_none_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    words = ["export", "signs", "--board", "rt1050", "--runtime", "aot", "-o", str(folder)]
    assert invoke(words).exit_code == 0
    manifest = load_manifest(folder)
    assert not manifest.plan.stream_input
    assert not [source for source in manifest.sources if "rows" in source]
    assert not list(folder.rglob("*rows*"))
    assert "mz_row" not in (folder / "model/mz_model.c").read_text()


def test_fit() -> None:
    words = ["fit", "signs", "--board", "rt1050", "--runtime", "aot", "--stream-input"]
    done = invoke(words)
    assert done.exit_code == 0, done.output
    assert "\ninput consumed as it arrives, by the operators up to " in done.stdout
    found = json.loads(invoke([*words, "--json"]).stdout)
    whole = json.loads(invoke([*words[:-1], "--json"]).stdout)
    assert found["arena_bytes"] < whole["arena_bytes"]
    assert found["streamed"]["row_bytes"] < found["arena_bytes"]
    assert whole["streamed"] is None
    assert not any(block["first_step"] < 0 for block in found["timeline"]["blocks"])


@pytest.mark.parametrize("words", [(), ("--runtime", "tflm")])
def test_tflm_wants_its_input_as_a_whole(tmp_path: Path, words: tuple[str, ...]) -> None:
    error = refused(
        "export", "signs", "--board", "rt1050", "--stream-input", *words, "-o", tmp_path / "p"
    )
    assert "the runtime tflm wants its input as a whole" in error
    assert "--runtime aot" in error
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("command", ["fit", "export"])
def test_a_universal_firmware_does_too(command: str) -> None:
    error = refused(command, "--universal", "--board", "rt1050", "--stream-input")
    assert "--stream-input is for a model that is" in error
