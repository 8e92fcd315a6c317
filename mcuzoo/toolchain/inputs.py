"""What a build is made of, and what it was made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.errors import ProjectError, command
from mcuzoo.project.build_id import (
    BUILD_FOLDER,
    firmware_inputs,
    hash_files,
    is_firmware_input,
)
from mcuzoo.project.manifest import AnyManifest, PartEntry, ProjectManifest
from mcuzoo.project.rules import inside


@dataclass(frozen=True)
class Toolset:
    """The compiler and other tools of a build, and the folder below build/ for the products.

    flags, parts: as the manifest has them, see BuildEntry. toolchain: "gcc" or "zig". optimization:
    the level, or the SDK's configuration. compiler_version: as it states it.
    """

    toolchain: str
    compiler_version: str
    optimization: str
    folder: str
    flags: tuple[str, ...]
    parts: tuple[PartEntry, ...]


@dataclass(frozen=True)
class Inputs:
    """The files of a project that a firmware is made from: their SHA-256, and the build's id.
    identity: the build id. hashes: by path."""

    identity: str
    hashes: dict[str, str]


def changed_inputs(manifest: ProjectManifest, hashes: Mapping[str, str]) -> dict[str, str]:
    """Those of `hashes` that an export did not write like this, and "" for what it did write and is
    gone."""
    known = {path: digest for path, digest in manifest.files.items() if is_firmware_input(path)}
    changed = {path: digest for path, digest in hashes.items() if known.get(path) != digest}
    return {**changed, **dict.fromkeys(known.keys() - hashes.keys(), "")}


def input_hashes(project: Path, manifest: AnyManifest) -> dict[str, str]:
    """SHA-256 of every file that the firmware is made from, by path.

    Raises ProjectError when files that the manifest lists are gone, or a link leads out of the
    project: sources, folders of headers, or where the products go.
    """
    for folder in (*manifest.include_dirs, BUILD_FOLDER):
        if folder != ".":
            inside(project, folder)
    listed = sorted({*manifest.sources, manifest.linker_script} - {""})
    missing = [path for path in listed if not inside(project, path).is_file()]
    if missing:
        raise ProjectError(
            f"{project} lacks {', '.join(missing)}.",
            "Export the project again: "
            + command(
                "mcuzoo", "export", "MODEL", "--board", manifest.board, "-o", project, "--force"
            ),
        )
    return hash_files(project, firmware_inputs(project))
