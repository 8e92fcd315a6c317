"""write_whole: a new file, or the old one as it was."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from mcuzoo.files import write_whole


def test_it_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_bytes(b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_failure_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_bytes(b"old")
    with pytest.raises(OSError):
        write_whole(path, b"a folder does not give way to a file")
    assert [entry.name for entry in tmp_path.rglob("*")] == ["folder", "old"]


def test_no_folder_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "absent" / "file", b"")
