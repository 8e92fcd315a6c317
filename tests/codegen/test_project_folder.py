"""A project folder is written whole, replaced when it is ours, and otherwise left alone."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.tiny_project import tiny_manifest

from mcuzoo.codegen.folder import check_target, write_project
from mcuzoo.errors import ProjectError
from mcuzoo.project.manifest import MANIFEST_NAME, load_manifest

FILES = {"a.c": b"int a;\n", "deep/er/b.h": b"\n"}


def _write(directory: Path, files: dict[str, bytes]) -> None:
    hashes = {path: sha256(content).hexdigest() for path, content in files.items()}
    write_project(directory, files, replace(tiny_manifest(), files=hashes))


def _listing(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    }


def test_a_new_folder(tmp_path: Path) -> None:
    project = tmp_path / "some" / "where"
    check_target(project, force=False)
    _write(project, FILES)
    assert _listing(project) == {*FILES, MANIFEST_NAME}
    assert sorted(path.name for path in project.parent.iterdir()) == ["where"]


def test_an_empty_folder_and_a_pristine_project_are_ours_to_write(tmp_path: Path) -> None:
    check_target(tmp_path, force=False)
    _write(tmp_path, FILES)
    check_target(tmp_path, force=False)
    _write(tmp_path, {"a.c": b"int c;\n"})
    assert _listing(tmp_path) == {"a.c", MANIFEST_NAME}, "what the old export listed is gone"
    assert (tmp_path / "a.c").read_bytes() == b"int c;\n"


def test_builds_do_not_count_and_are_dropped(tmp_path: Path) -> None:
    _write(tmp_path, FILES)
    (tmp_path / "build/gcc").mkdir(parents=True)
    (tmp_path / "build/gcc/firmware.elf").write_bytes(b"old")
    check_target(tmp_path, force=False)
    _write(tmp_path, FILES)
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_an_edited_project_needs_force(tmp_path: Path, change: str) -> None:
    _write(tmp_path, FILES)
    if change == "edit":
        (tmp_path / "a.c").write_text("mine")
    elif change == "add":
        (tmp_path / "notes.txt").write_text("mine")
    else:
        (tmp_path / "a.c").unlink()
    with pytest.raises(ProjectError, match="was edited since its export") as caught:
        check_target(tmp_path, force=False)
    assert "--force" in caught.value.hint
    check_target(tmp_path, force=True)


def test_a_foreign_folder_needs_force_and_keeps_its_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ProjectError, match="not an mcuzoo project"):
        check_target(tmp_path, force=False)
    check_target(tmp_path, force=True)
    _write(tmp_path, FILES)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert load_manifest(tmp_path).name == "tiny"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(ProjectError, match="is a file"):
        check_target(tmp_path / "x", force=True)


@pytest.mark.parametrize(
    "listed", ["", ".", "..", "deep", "../outside.txt", "/etc/hostname", "@x", "a\\b", "deep/"]
)
def test_a_manifest_of_anybodys_takes_nothing_away(tmp_path: Path, listed: str) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("keep")
    project = tmp_path / "project"
    _write(project, FILES)
    (project / "deep/mine.txt").write_text("mine")
    path = project / MANIFEST_NAME
    raw = json.loads(path.read_text())
    raw["files"][listed] = "00"
    path.write_text(json.dumps(raw))
    with pytest.raises(ProjectError):
        check_target(project, force=False)
    check_target(project, force=True)
    _write(project, {"a.c": b"int c;\n"})
    assert outside.read_text() == "keep"
    assert (project / "deep/mine.txt").read_text() == "mine"
    assert load_manifest(project).files.keys() == {"a.c"}


def test_a_link_out_of_the_project_is_not_written_through(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    outside.mkdir()
    project.mkdir()
    (project / "deep").symlink_to(outside)
    with pytest.raises(ProjectError, match="leads out of the project"):
        _write(project, FILES)
    assert not [*outside.iterdir(), *project.glob("*.c")]


def test_a_link_in_the_place_of_a_file_is_replaced(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside.c"
    outside.write_text("mine")
    project.mkdir()
    (project / "a.c").symlink_to(outside)
    _write(project, FILES)
    assert outside.read_text() == "mine"
    assert (project / "a.c").read_bytes() == FILES["a.c"]


@pytest.mark.parametrize("blocked", ["a.c/", "deep", "deep/er/b.h/", f"{MANIFEST_NAME}/"])
def test_what_is_in_the_way_is_told_before_anything_changes(tmp_path: Path, blocked: str) -> None:
    place = tmp_path / blocked
    if blocked.endswith("/"):
        place.mkdir(parents=True)
    else:
        place.write_text("mine")
    before = _listing(tmp_path)
    with pytest.raises(ProjectError, match="is in the way"):
        _write(tmp_path, FILES)
    assert _listing(tmp_path) == before


@pytest.mark.parametrize("at", ["a.c", "b.h", MANIFEST_NAME])
def test_a_failure_half_way_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    _write(tmp_path, {**FILES, "old.c": b""})
    (tmp_path / "build").mkdir()
    (tmp_path / "build/firmware.elf").write_bytes(b"old")
    old = (tmp_path / MANIFEST_NAME).read_bytes()
    original = Path.replace

    def torn(self: Path, target: Path) -> Path:
        if self.name == at and self.parent.name != tmp_path.name and target.parent != self.parent:
            raise OSError("disk full")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", torn)
    with pytest.raises(OSError, match="disk full"):
        _write(tmp_path, dict.fromkeys(FILES, b"new"))
    monkeypatch.undo()
    assert (tmp_path / MANIFEST_NAME).read_bytes() == old
    assert _listing(tmp_path) == {*FILES, "old.c", "build/firmware.elf", MANIFEST_NAME}
    if at != "a.c":
        with pytest.raises(ProjectError, match="was edited"):
            check_target(tmp_path, force=False)
    _write(tmp_path, FILES)
    check_target(tmp_path, force=False)
    assert _listing(tmp_path) == {*FILES, MANIFEST_NAME}
