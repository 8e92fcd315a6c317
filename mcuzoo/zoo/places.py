"""Where model files are looked for and kept."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import lru_cache
from pathlib import Path

MODELS_VARIABLE = "MCUZOO_MODELS"


def cache_folder() -> Path:
    """Where fetched and converted models are kept, in the platform's cache directory."""
    from platformdirs import user_cache_path

    return user_cache_path("mcuzoo", appauthor=False) / "models"


def cache_hint() -> str:
    """What to do where the cache cannot be written."""
    if sys.platform.startswith("linux"):
        return "Set XDG_CACHE_HOME to a folder of yours."
    return f"Let your user write to {cache_folder().parent}."


def model_folders() -> tuple[Path, ...]:
    """Where models are looked for: the folders in $MCUZOO_MODELS, then the user's cache."""
    listed = os.environ.get(MODELS_VARIABLE, "").split(os.pathsep)
    folders = [Path(folder).expanduser() for folder in listed if folder]
    return (*folders, cache_folder())


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's content, read anew when its size or time has changed."""
    state = path.stat()
    return _sha256(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256(path: Path, size_bytes: int, changed_ns: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
