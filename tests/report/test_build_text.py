"""What `mcuzoo build` says of a build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from helpers.tiny_project import tiny_manifest

from mcuzoo.project.manifest import BuildEntry
from mcuzoo.report.project import build_text

BUILD = BuildEntry("gcc", "12.2", "-O2", "ab" * 16, "f.elf", "f.bin", "f.hex", (), 7, {})


def _text(build: BuildEntry) -> str:
    return build_text(Path("p"), tiny_manifest(), build, 80)


def test_a_build_of_the_exported_files_says_nothing_of_them() -> None:
    assert "as exported" not in _text(BUILD)


def test_a_build_of_edited_files_names_them() -> None:
    edited = {f"firmware/{name}.c": "cd" * 32 for name in "gfedcba"}
    assert "not as exported: firmware/a.c\n" in _text(replace(BUILD, changed={"firmware/a.c": ""}))
    assert (
        "not as exported: firmware/a.c, firmware/b.c, firmware/c.c, firmware/d.c, firmware/e.c "
        "and 2 more\n"
    ) in _text(replace(BUILD, changed=edited))
