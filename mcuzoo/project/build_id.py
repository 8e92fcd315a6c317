"""The build id of a firmware: a hash over every file that it is made from and over how it is built.

cmake/build_id.cmake of a project computes the same, line by line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath

from mcuzoo.project.rules import inside
from mcuzoo.untrusted import read_text

BUILD_FOLDER = "build"
BUILD_ID_HEADER = "board/mz_build_id.h"
BUILD_ID_FILE = "mz_build_id.txt"
"""The file with the build id in the folder of a build by CMake."""
TFLM_DIR_FILE = "cmake/tflm_dir.cmake"
"""The CMake file with the path of TFLM's tree, which is not hashed: the tree has a fingerprint."""

_FOLDERS = frozenset({"board", "boards", "cmake", "firmware", "linker", "model"})
_SUFFIXES = frozenset({".S", ".c", ".cc", ".cpp", ".h", ".ld"})
_FILES = frozenset({"CMakeLists.txt", "Kconfig", "prj.conf"})
_SPECIAL = {"cmake": ".cmake", "model": ".tflite"}
_IDENTITY = re.compile(r"([0-9a-f]{32})\s*")
_MOST_BUILDS = 64


def is_firmware_input(path: str) -> bool:
    """Whether the file at the relative POSIX `path` goes into the firmware."""
    if path in _FILES:
        return True
    pure = PurePosixPath(path)
    folder = pure.parts[0]
    if path in (BUILD_ID_HEADER, TFLM_DIR_FILE) or len(pure.parts) == 1:
        return False
    sources = folder in _FOLDERS and folder != "cmake" and pure.suffix in _SUFFIXES
    return sources or _SPECIAL.get(folder) == pure.suffix


def build_id(hashes: Mapping[str, str], facts: Iterable[str] = ()) -> str:
    """32 hex digits from the SHA-256 of each file, by relative path, and lines about the build.

    Files that do not enter the firmware are ignored.
    """
    lines = [f"{hashes[path]}  {path}" for path in sorted(hashes) if is_firmware_input(path)]
    text = "".join(f"{line}\n" for line in (*lines, *facts))
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def tflm_fact(fingerprint: str) -> tuple[str, ...]:
    """The line about a TFLM tree; none where there is no tree."""
    return (f"tflm {fingerprint}",) if fingerprint else ()


def hash_files(project: Path, paths: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each file at a path relative to `project`.

    Raises ProjectError for a file that a link puts outside of it.
    """
    return {path: sha256(inside(project, path).read_bytes()).hexdigest() for path in paths}


def tree_sha256(root: Path, suffixes: Collection[str]) -> str:
    """SHA-256 in hex over the lines `hash  path` of all files below `root` with one of the
    suffixes, sorted by path."""
    digest = sha256()
    files = (file for file in root.rglob("*") if file.suffix in suffixes)
    for name, file in sorted((file.relative_to(root).as_posix(), file) for file in files):
        digest.update(f"{sha256(file.read_bytes()).hexdigest()}  {name}\n".encode())
    return digest.hexdigest()


def firmware_inputs(project: Path) -> list[str]:
    """The firmware's files that are in the folder now, sorted."""
    found = (
        path.relative_to(project).as_posix()
        for folder in sorted(_FOLDERS)
        for path in (project / folder).rglob("*")
        if path.is_file()
    )
    names = (name for name in _FILES if (project / name).is_file())
    return sorted(path for path in (*found, *names) if is_firmware_input(path))


def cmake_build_ids(project: Path) -> tuple[str, ...]:
    """The build ids of the builds in `project` that CMake or west made, by folder."""
    found = sorted((project / BUILD_FOLDER).glob(f"*/{BUILD_ID_FILE}"))[:_MOST_BUILDS]
    read = (read_build_id(path) for path in found)
    return tuple(identity for identity in read if identity is not None)


def read_build_id(path: Path) -> str | None:
    """The build id in a build's BUILD_ID_FILE; None if the file is missing or malformed."""
    try:
        match = _IDENTITY.fullmatch(read_text(path, 64))
    except (OSError, ValueError):
        return None
    return match[1] if match else None
