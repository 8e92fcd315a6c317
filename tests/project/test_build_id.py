"""The build id changes with every file that the firmware is made from, and with no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.tiny_project import write_tiny_project

from mcuzoo.project.build_id import build_id, firmware_inputs, hash_files, is_firmware_input

HASHES = {"firmware/app/main.c": "aa", "board/mz_board.h": "bb", "README.md": "cc"}


def test_it_is_32_hex_digits() -> None:
    assert len(build_id(HASHES)) == 32
    int(build_id(HASHES), 16)


def test_the_order_of_files_does_not_matter() -> None:
    assert build_id(dict(reversed(HASHES.items()))) == build_id(HASHES)


@pytest.mark.parametrize(
    "changed",
    [
        {"firmware/app/main.c": "ab"},
        {"firmware/app/other.c": "aa"},
        {"linker/rt1050.ld": "dd"},
        {"model/mz_model_data.c": "ee"},
    ],
)
def test_firmware_files_change_it(changed: dict[str, str]) -> None:
    assert build_id(HASHES | changed) != build_id(HASHES)


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "model/labels.txt",
        "board/mz_build_id.h",
        "build/gcc/x.c",
        "samples/1.jpg",
        "mcuzoo.json",
    ],
)
def test_other_files_do_not(path: str) -> None:
    assert not is_firmware_input(path)
    assert build_id(HASHES | {path: "ff"}) == build_id(HASHES)


def test_a_folder_hashes_as_it_was_rendered(tmp_path: Path) -> None:
    project = write_tiny_project(tmp_path)
    found = firmware_inputs(project)
    assert found == ["firmware/main.c", "linker/tiny.ld"]
    assert len(build_id(hash_files(project, found))) == 32
