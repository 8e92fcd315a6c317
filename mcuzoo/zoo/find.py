"""Find model files: where they are, which are at hand, and whether they match the registry.

Hashes learnt on first use (what a URL gave the first time) are kept with the measurements, not in
the cache: clearing a cache must not make a changed file pass.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mcuzoo.errors import InputError, MissingModelError
from mcuzoo.files import write_whole
from mcuzoo.project.kinds import BUNDLED
from mcuzoo.untrusted import parse_json, read_text
from mcuzoo.zoo.measured import data_folder
from mcuzoo.zoo.schema import Role, SourceFile, ZooModel

MODELS_VARIABLE = "MCUZOO_MODELS"


def cache_folder() -> Path:
    """Where fetched and converted models are kept, in the platform's cache directory."""
    from platformdirs import user_cache_path

    return user_cache_path("mcuzoo", appauthor=False) / "models"


def cache_hint() -> str:
    """A hint for a cache that cannot be written."""
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


FILE_NAME = "trusted.json"


def trusted_sha256(key: str) -> str | None:
    """The hash learnt for `key` (a URL), or None before the first use."""
    value = _read(data_folder() / FILE_NAME).get(key)
    return value if isinstance(value, str) else None


def learn(key: str, sha256: str, vouched: bool = False) -> bool:
    """Record the hash of `key`; return whether it was new.

    vouched: there is better evidence than first use, so the hash replaces a recorded one. Raises
    InputError otherwise when `key` had another hash, or when the store cannot be written.
    """
    path = data_folder() / FILE_NAME
    known = trusted_sha256(key)
    if known == sha256:
        return False
    if known is not None and not vouched:
        raise InputError(
            f"{key} gave another content before: SHA-256 {known}, now {sha256}.",
            f"If the change is intended, remove the entry from {path}.",
        )
    text = json.dumps({**_read(path), key: sha256}, indent=2, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode("utf-8"))
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}.",
            "Set MCUZOO_DATA to a folder of yours.",
        ) from error
    return True


def _read(path: Path) -> dict[str, object]:
    """The recorded hashes. Raises InputError if their file is damaged."""
    try:
        raw = parse_json(read_text(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged: {error}", "Repair or remove it.") from error
    if not isinstance(raw, dict):
        raise InputError(f"{path} is damaged: not an object.", "Repair or remove it.")
    return raw


MAX_FILE_BYTES = 512 << 20


@dataclass(frozen=True)
class FoundFile:
    """A file of the registry at hand. verified: its hash is one that the registry states. entry: of
    the registry. sha256: of its content now."""

    entry: SourceFile
    path: Path
    sha256: str
    verified: bool


def find_file(entry: SourceFile) -> FoundFile | None:
    """The first file of one of the entry's names with the right content.

    A file whose hash the registry does not state is taken as it is; in the cache it must still
    have the hash that was learnt when it was fetched.
    """
    found = (_checked(entry, path) for path in _places(entry))
    return next((item for item in found if item), None)


def find_model_file(model: ZooModel, *roles: Role) -> FoundFile | None:
    """The first file at hand of these roles, in the registry's order."""
    found = (find_file(entry) for entry in model.files_of(*roles))
    return next((item for item in found if item), None)


def require_model_file(model: ZooModel, *roles: Role) -> FoundFile:
    """Like find_model_file. Raises MissingModelError: what was searched, where, what to do."""
    found = find_model_file(model, *roles)
    if found is None:
        raise missing_file(model, *roles)
    return found


def missing_file(model: ZooModel, *roles: Role) -> InputError:
    entries = model.files_of(*roles)
    if entries[0].bundled is not None:
        return InputError(
            f"The bundled model {model.name} is missing: {entries[0].bundled_path}.",
            "Install mcuzoo again.",
        )
    names = " or ".join(name for entry in entries for name in entry.names)
    others = [
        f"{path} has another content (SHA-256) or cannot be read"
        for entry in entries
        for path in _places(entry)
    ]
    looked = ", ".join(str(folder) for folder in model_folders())
    fetch = any(file.download for file in model.file)
    return MissingModelError(
        f"The file of the model {model.name} is not at hand: {names}, looked for in {looked}."
        + (f" {'; '.join(others)}." if others else ""),
        (f"Over the network: mcuzoo fetch {model.name}\n" if fetch else "")
        + f"A file that you have: set {MODELS_VARIABLE} to its folder, or give its path instead "
        f"of the name.\nThe bundled model {BUNDLED} is always at hand.",
    )


def _places(entry: SourceFile) -> list[Path]:
    if entry.bundled_path is not None:
        candidates = [entry.bundled_path]
    else:
        folders = model_folders()
        candidates = [folder / name for folder in folders for name in entry.names]
    return [path for path in candidates if path.is_file()]


def _checked(entry: SourceFile, path: Path) -> FoundFile | None:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return None
        sha256 = file_sha256(path)
    except OSError:
        return None
    if entry.bundled is not None:
        return FoundFile(entry, path, sha256, True)
    if entry.sha256 is not None:
        return FoundFile(entry, path, sha256, True) if sha256 == entry.sha256 else None
    if entry.download is not None and path.parent == cache_folder():
        learnt = trusted_sha256(trust_key(entry))
        if learnt not in (None, sha256):
            return None
    return FoundFile(entry, path, sha256, False)


def trust_key(entry: SourceFile) -> str:
    """The key of a recorded hash: the URL and, for an archive, the member."""
    assert entry.download is not None
    member = entry.download.member
    return entry.download.url if member is None else f"{entry.download.url}#{member}"
