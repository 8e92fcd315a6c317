"""Which mcuzoo.toml counts: near, ours, and not beyond the borders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.commands import invoke

from mcuzoo.config.find import find_file
from mcuzoo.errors import InputError

FOREIGN = 4242
ABOVE = str(Path("..", "mcuzoo.toml"))
ABOVE_THAT = str(Path("..", "..", "mcuzoo.toml"))


def found(environment: Mapping[str, str] | None = None) -> str | None:
    place = find_file(environment or {})
    return None if place is None else place.shown


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """tmp_path/top/a/b, which is the working folder, with a file in top."""
    folder = tmp_path / "top" / "a" / "b"
    folder.mkdir(parents=True)
    (tmp_path / "top" / "mcuzoo.toml").touch()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return folder


def test_the_nearest_file_counts(deep: Path) -> None:
    assert found() == ABOVE_THAT
    (deep.parent / "mcuzoo.toml").touch()
    assert found() == ABOVE
    (deep / "mcuzoo.toml").touch()
    assert found() == "mcuzoo.toml"


def test_a_folder_of_that_name_is_no_file(deep: Path) -> None:
    (deep / "mcuzoo.toml").mkdir()
    assert found() == ABOVE_THAT


def test_a_repository_is_a_border(deep: Path) -> None:
    (deep.parent / ".git").write_text("gitdir: elsewhere", encoding="utf-8")  # a work tree
    assert found() is None
    (deep.parent / "mcuzoo.toml").touch()
    assert found() == ABOVE


def test_the_home_folder_is_a_border(deep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = deep.parent.parent
    monkeypatch.setenv("HOME", str(top))
    monkeypatch.setenv("USERPROFILE", str(top))
    assert found() is None
    monkeypatch.chdir(top)
    assert found() == "mcuzoo.toml"


def test_another_file_system_is_a_border(deep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top, plain = deep.parent.parent, Path.stat

    def stat(self: Path, **how: Any) -> Any:
        there = plain(self, **how)
        return SimpleNamespace(st_dev=-1, st_mode=there.st_mode) if self == top else there

    monkeypatch.setattr(Path, "stat", stat)
    assert found() is None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner here")
def test_the_file_of_another_user_is_not_taken(
    deep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = deep.parent.parent / "mcuzoo.toml"
    file.write_text('board = "rt1999"\n', encoding="utf-8")
    assert invoke(["fit", "signs"]).exit_code == 2
    monkeypatch.setattr(os, "geteuid", lambda: FOREIGN)
    if file.stat().st_uid == 0:  # root's files are everybody's
        os.chown(file, FOREIGN + 1, -1)
    monkeypatch.delenv("MCUZOO_CONFIG", raising=False)
    said = invoke(["fit", "signs"])
    assert "missing option '--board'" in said.stderr
    assert f"note: {file} is another user's and is not read" in said.stderr
    assert found({"MCUZOO_CONFIG": str(file)}) == str(file)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_a_link_of_another_user_is_not_taken(deep: Path) -> None:
    (deep / "real.toml").touch()
    (deep / "mcuzoo.toml").symlink_to("real.toml")
    assert found() == "mcuzoo.toml"
    os.lchown(deep / "mcuzoo.toml", FOREIGN, -1)
    assert found() is None


def test_a_variable_names_the_file_or_none(deep: Path) -> None:
    other = deep / "ci.toml"
    other.touch()
    assert found({"MCUZOO_CONFIG": "ci.toml"}) == "ci.toml"
    assert found({"MCUZOO_CONFIG": "off"}) is None
    assert found({"MCUZOO_CONFIG": ""}) == ABOVE_THAT
    with pytest.raises(InputError, match="there is no such file"):
        found({"MCUZOO_CONFIG": "none.toml"})


def test_a_working_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert found() is None
    monkeypatch.chdir(tmp_path)
