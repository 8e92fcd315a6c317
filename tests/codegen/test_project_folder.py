"""A project folder is written whole, replaced when it is ours, and otherwise left alone."""

from __future__ import annotations

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


def test_a_manifest_that_lists_files_elsewhere_deletes_nothing_there(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("keep")
    project = tmp_path / "project"
    _write(project, FILES)
    manifest = load_manifest(project)
    listed = {**manifest.files, "../outside.txt": "00", str(outside): "00"}
    write_project(project, FILES, replace(manifest, files=listed))
    _write(project, FILES)
    assert outside.read_text() == "keep"


def test_a_failure_half_way_leaves_no_manifest_of_a_torn_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, FILES)
    original = Path.replace

    def torn(self: Path, target: Path) -> Path:
        if self.name == "b.h":
            raise OSError("disk full")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", torn)
    with pytest.raises(OSError, match="disk full"):
        _write(tmp_path, FILES)
    assert not (tmp_path / MANIFEST_NAME).exists()
