"""Hashes learnt on first use: what a URL or a file of an unverified model gave the first time.

Kept with the measurements, not in the cache: clearing a cache must not make a changed file pass.
"""

from __future__ import annotations

import json
from pathlib import Path

from mcuzoo.errors import InputError
from mcuzoo.files import write_whole
from mcuzoo.untrusted import parse_json, read_text
from mcuzoo.zoo.measured import data_folder

FILE_NAME = "trusted.json"


def trusted_sha256(key: str) -> str | None:
    """The hash learnt for `key` (a URL), or None before the first use."""
    value = _read(data_folder() / FILE_NAME).get(key)
    return value if isinstance(value, str) else None


def learn(key: str, sha256: str, vouched: bool = False) -> bool:
    """Remember the hash of `key` for later; whether it was new.

    vouched: better evidence than an earlier use stands behind it, so that it replaces what was
    learnt. Raises InputError otherwise when `key` had another hash, or when the store cannot be
    written.
    """
    path = data_folder() / FILE_NAME
    known = trusted_sha256(key)
    if known == sha256:
        return False
    if known is not None and not vouched:
        raise InputError(
            f"{key} gave another content before: SHA-256 {known}, now {sha256}.",
            f"If the change is meant, remove the entry from {path}.",
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
    """What is known. Raises InputError when the file is there and is not what it should be."""
    try:
        raw = parse_json(read_text(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged: {error}", "Repair or remove it.") from error
    if not isinstance(raw, dict):
        raise InputError(f"{path} is damaged: not an object.", "Repair or remove it.")
    return raw
