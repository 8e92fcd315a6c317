"""The identity of a firmware: a hash over every file that it is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path, PurePosixPath

BUILD_ID_HEADER = "board/mz_build_id.h"

_FOLDERS = frozenset({"board", "boards", "firmware", "linker", "model"})
_SUFFIXES = frozenset({".S", ".c", ".cc", ".h", ".ld"})


def is_firmware_input(path: str) -> bool:
    """True when the file at the relative POSIX `path` decides what the firmware is."""
    pure = PurePosixPath(path)
    return pure.parts[0] in _FOLDERS and pure.suffix in _SUFFIXES and str(pure) != BUILD_ID_HEADER


def build_id(hashes: Mapping[str, str], tflm: str | None = None) -> str:
    """32 hex digits from the SHA-256 of each file, by relative path.

    Files that do not enter the firmware are ignored. tflm: the fingerprint of a TFLM tree that
    does.
    """
    lines = [f"{hashes[path]}  {path}\n" for path in sorted(hashes) if is_firmware_input(path)]
    if tflm is not None:
        lines.append(f"{tflm}  TFLM\n")
    return sha256("".join(lines).encode()).hexdigest()[:32]


def hash_files(project: Path, paths: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each file at a path relative to `project`."""
    return {path: sha256((project / path).read_bytes()).hexdigest() for path in paths}


def firmware_inputs(project: Path) -> list[str]:
    """The firmware's files that are in the folder now, sorted."""
    found = (
        path.relative_to(project).as_posix()
        for folder in sorted(_FOLDERS)
        for path in (project / folder).rglob("*")
        if path.is_file()
    )
    return sorted(path for path in found if is_firmware_input(path))
