"""mcuzoo.json: written whole, read back equal, damage told."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from helpers.tiny_project import tiny_manifest

from mcuzoo.errors import ProjectError
from mcuzoo.project.manifest import (
    MANIFEST_NAME,
    BuildEntry,
    Manifest,
    ProjectManifest,
    RegionUse,
    RoomEntry,
    UniversalEntry,
    UniversalManifest,
    load_manifest,
    load_project,
    write_manifest,
)

BUILD = BuildEntry(
    toolchain="zig",
    compiler_version="1",
    optimization="-O2",
    build_id="ab" * 16,
    elf="build/zig/firmware.elf",
    bin="build/zig/firmware.bin",
    hex="build/zig/firmware.hex",
    regions=(RegionUse("dtcm", 1, 2),),
    code_bytes=3,
    sha256={"elf": "00"},
)


def test_a_manifest_reads_back_equal(tmp_path: Path) -> None:
    manifest = replace(tiny_manifest(), files={"a": "b"}, build=BUILD)
    write_manifest(manifest, tmp_path)
    assert load_manifest(tmp_path) == manifest


def test_the_same_manifest_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_manifest(tiny_manifest(), tmp_path).read_bytes()
    assert write_manifest(tiny_manifest(), tmp_path).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_NAME]


def universal_manifest() -> UniversalManifest:
    tiny = tiny_manifest()
    common = {item.name: getattr(tiny, item.name) for item in fields(ProjectManifest)}
    rooms = (RoomEntry("ocram", 1000), RoomEntry("sdram", 5000))
    return UniversalManifest(**common, universal=UniversalEntry(("CONV_2D", "SOFTMAX"), rooms))


def test_a_universal_project_has_no_model(tmp_path: Path) -> None:
    manifest = universal_manifest()
    assert manifest.universal.capacity_bytes == 5000
    write_manifest(manifest, tmp_path)
    assert load_project(tmp_path) == manifest
    with pytest.raises(ProjectError, match="has no model of its own") as caught:
        load_manifest(tmp_path)
    assert "--upload MODEL" in caught.value.hint


def test_a_universal_project_with_an_uploaded_model_is_like_any_other() -> None:
    tiny = replace(tiny_manifest(), labels=None, samples=None)
    parts = tiny.model, tiny.input, tiny.output, tiny.preprocessing
    assert universal_manifest().with_model(*parts) == tiny
    assert isinstance(universal_manifest().with_model(*parts), Manifest)


def test_no_folder_and_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no project folder"):
        load_manifest(tmp_path / "nowhere")
    with pytest.raises(ProjectError, match="not an mcuzoo project"):
        load_manifest(tmp_path)


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"schema": 1}', '{"schema": 99}', "\x00"])
def test_damage_is_an_error_with_a_hint(tmp_path: Path, damage: str) -> None:
    (tmp_path / MANIFEST_NAME).write_text(damage)
    with pytest.raises(ProjectError, match="damaged") as caught:
        load_manifest(tmp_path)
    assert "mcuzoo export" in caught.value.hint


@pytest.mark.parametrize("key", ["model", "target", "plan", "sources", "build_id"])
def test_a_missing_key_is_damage(tmp_path: Path, key: str) -> None:
    path = write_manifest(tiny_manifest(), tmp_path)
    raw = json.loads(path.read_text())
    del raw[key]
    path.write_text(json.dumps(raw))
    with pytest.raises(ProjectError, match="damaged"):
        load_manifest(tmp_path)
