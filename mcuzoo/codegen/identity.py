"""What names the sources of a project: each file's hash, and the build id over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TypeVar

from mcuzoo.project.build_id import BUILD_ID_HEADER, build_id, tflm_fact
from mcuzoo.project.manifest import ProjectManifest

AnyProject = TypeVar("AnyProject", bound=ProjectManifest)


def identified(manifest: AnyProject, files: dict[str, bytes]) -> AnyProject:
    """`manifest` with the identity and the hashes of `files`, to which the identity's header is
    added."""
    tflm = tflm_fact(manifest.tflm.fingerprint) if manifest.tflm else ()
    identity = build_id(_hashes(files), tflm)
    files[BUILD_ID_HEADER] = _header(identity).encode()
    return replace(manifest, build_id=identity, files=_hashes(files))


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 in hex of each file, by path."""
    return {path: sha256(content).hexdigest() for path, content in sorted(files.items())}


def _header(identity: str) -> str:
    return (
        "/* SPDX-License-Identifier: Apache-2.0\n"
        " * Copyright (c) 2026 The mcuzoo authors */\n"
        "/* The identity of the sources, for a build that does not compute its own. */\n"
        "#ifndef MZ_BUILD_ID\n"
        f'#define MZ_BUILD_ID "{identity}"\n'
        "#endif\n"
    )
