"""Whoever gets the firmware gets its licence: in every file, and as a text beside them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from helpers.commands import invoke
from helpers.fake_tflm import fake_tree
from helpers.small_source import small_source

from mcuzoo.project.manifest import load_project
from mcuzoo.resources import firmware_dir, licence_file, templates_dir

C_HEAD = "/* SPDX-License-Identifier: Apache-2.0\n * Copyright (c) 2026 The mcuzoo authors */\n"
HASH_HEAD = "# SPDX-License-Identifier: Apache-2.0\n# Copyright (c) 2026 The mcuzoo authors\n"

SOURCES = (".c", ".cc", ".h", ".S", ".ld")
NO_COMMENTS = {"mcuzoo.json", "CMakePresets.json", "README.md", "LICENSE"}
"""JSON has no comments; the README tells of the licence in words."""
THEIRS = ("model/labels.txt", "model/model.tflite", "model/mz_model_data.tflite", "samples/")
"""What is the user's: model, labels, images."""
DATA = ("model/mz_model_data.c", "model/mz_model_data.S")

KINDS = {
    "aot, cmake": ("--runtime", "aot", "--project", "cmake"),
    "aot, mcuxpresso": ("--runtime", "aot", "--project", "mcuxpresso"),
    "tflm, cmake": ("--runtime", "tflm", "--project", "cmake", "--tflm", "TREE"),
    "tflm, mcuxpresso": ("--runtime", "tflm", "--project", "mcuxpresso"),
    "streamed": ("--runtime", "aot", "--project", "cmake", "--stream-input"),
    "assembler": ("--runtime", "tflm", "--project", "mcuxpresso", "--embed", "incbin"),
}
UNIVERSAL = ("--universal", "--tflm", "TREE", "--ops", "CONV_2D,SOFTMAX")


def export(folder: Path, *options: str) -> dict[str, str]:
    """The files of a project of the small model with `options`, by path."""
    words = [
        str(fake_tree(folder / "tree", "cmsis-nn")) if word == "TREE" else word for word in options
    ]
    project = folder / "p"
    done = invoke(["export", *words, "--board", "rt1170", "-o", str(project)])
    assert done.exit_code == 0, done.output
    return {
        path.relative_to(project).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in project.rglob("*")
        if path.is_file()
    }


def head_of(path: str) -> str:
    return C_HEAD if PurePosixPath(path).suffix in SOURCES else HASH_HEAD


def unmarked(files: dict[str, str]) -> list[str]:
    """Those of mcuzoo's that do not begin with its licence and copyright."""
    return [
        path
        for path, text in files.items()
        if path not in NO_COMMENTS
        and not path.startswith(THEIRS)
        and not text.startswith(head_of(path))
    ]


def require_text(files: dict[str, str], project: Path) -> None:
    assert files["LICENSE"] == licence_file().read_text(encoding="utf-8")
    assert "LICENSE" in load_project(project).files
    assert "\n## Licence\n" in files["README.md"]


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_a_project_says_its_licence(tmp_path: Path, options: tuple[str, ...]) -> None:
    """In every file and as a text; where weights become source, the file says whose they are."""
    source = small_source(tmp_path / "model")
    files = export(tmp_path, str(source.path), *options)
    assert "firmware/app/main.c" in files and "CMakeLists.txt" in files
    assert unmarked(files) == []
    require_text(files, tmp_path / "p")
    (data,) = (files[path] for path in DATA if path in files)
    assert "its own licence holds for" in data.replace("\n * ", " ")
    assert "The model stays under the licence of whoever made it" in files["README.md"]


def test_so_does_a_universal_firmware(tmp_path: Path) -> None:
    files = export(tmp_path, *UNIVERSAL)
    assert "firmware/upload/slot/mz_model_slot.c" in files
    assert unmarked(files) == []
    require_text(files, tmp_path / "p")


def test_every_file_of_the_firmware_says_its_licence() -> None:
    """Also those that no project of these has."""
    files = {
        path.relative_to(firmware_dir()).as_posix(): path.read_text(encoding="utf-8")
        for path in firmware_dir().rglob("*")
        if path.suffix in SOURCES
    }
    assert len(files) > 100
    assert unmarked(files) == []


def test_every_template_of_a_source_says_its_licence() -> None:
    files = {
        path.relative_to(templates_dir()).with_suffix("").as_posix(): path.read_text(
            encoding="utf-8"
        )
        for path in templates_dir().rglob("*.j2")
    }
    # What `mcuzoo init` writes is the user's own.
    files = {
        path: text
        for path, text in files.items()
        if not path.endswith((".md", ".json", ".html")) and not path.startswith("init/")
    }
    assert len(files) > 25
    assert unmarked(files) == []


def test_a_file_without_it_is_found() -> None:
    files = {
        "a.c": C_HEAD,
        "b.c": "/* b */\n",
        "c.cmake": HASH_HEAD,
        "d.cmake": C_HEAD,
        "Kconfig": "",
    }
    assert unmarked(files) == ["b.c", "d.cmake", "Kconfig"]


def test_the_licence_is_whole() -> None:
    text = licence_file().read_text(encoding="utf-8")
    assert text.lstrip().startswith("Apache License\n")
    assert "END OF TERMS AND CONDITIONS" in text
    assert text.rstrip().endswith("limitations under the License.")
