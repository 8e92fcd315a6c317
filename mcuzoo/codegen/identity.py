"""What names the sources of a project: each file's hash, and the build id over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256


def file_hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 in hex of each file, by path."""
    return {path: sha256(content).hexdigest() for path, content in sorted(files.items())}


def build_id_header(identity: str) -> str:
    """`board/mz_build_id.h`."""
    return (
        "/* The identity of this firmware's sources; a build of edited sources overrides it. */\n"
        "#ifndef MZ_BUILD_ID\n"
        f'#define MZ_BUILD_ID "{identity}"\n'
        "#endif\n"
    )
