"""What a build has of others: TFLite-Micro and what comes with it, NXP's SDK, the compiler's
libraries. Versions and licences are those that the files themselves state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mcuzoo.codegen.tflm.tree import CMSIS_NN, TflmTree
from mcuzoo.errors import ToolchainError
from mcuzoo.project.entries import PartEntry
from mcuzoo.project.rules import MAX_TEXT, path_complaint
from mcuzoo.quoting import one_line, shortened
from mcuzoo.untrusted import parse_json, read_text

COMPILED = "compile_commands.json"
"""What CMake writes into its build folder: the command for each source."""

_HEAD_BYTES = 1 << 18
_MAX_COMMANDS_BYTES = 1 << 26
_SPDX = re.compile(r"SPDX-License-Identifier: *([A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [\w.+-]+)*)")
_DRIVER = re.compile(r"_DRIVER_VERSION +\(?MAKE_VERSION\((\d+)U?, *(\d+)U?, *(\d+)U?\)")
_CMSIS_NN_REVISION = re.compile(r"\$Revision: *V\.?([0-9.]+)")
_GCC_EXCEPTION = "GPL-3.0-or-later WITH GCC-exception-3.1"


@dataclass(frozen=True)
class _Kind:
    """A part of a TFLM tree. folder: where its files are. headers: it has only those. name,
    licence, purl: as PartEntry has them."""

    folder: str
    name: str
    licence: str
    purl: str
    headers: bool = False


_OF_TFLM = (
    _Kind(f"{CMSIS_NN}/", "CMSIS-NN", "Apache-2.0", "pkg:github/arm-software/cmsis-nn"),
    _Kind("third_party/kissfft/", "KISS FFT", "BSD-3-Clause", "pkg:github/mborgerding/kissfft"),
    _Kind(
        "third_party/flatbuffers/",
        "FlatBuffers",
        "Apache-2.0",
        "pkg:github/google/flatbuffers",
        headers=True,
    ),
    _Kind(
        "third_party/gemmlowp/",
        "gemmlowp",
        "Apache-2.0",
        "pkg:github/google/gemmlowp",
        headers=True,
    ),
    _Kind("third_party/ruy/", "ruy", "Apache-2.0", "pkg:github/google/ruy", headers=True),
    _Kind("", "TensorFlow Lite Micro", "Apache-2.0", "pkg:github/tensorflow/tflite-micro"),
)
"""The first whose folder a file is in has it."""


def tflm_parts(tree: TflmTree, sources: Iterable[str]) -> tuple[PartEntry, ...]:
    """TFLM and what lies in its tree. sources: those that are compiled, relative to the tree."""
    files = _hashed(tree.path, sources)
    owners = {name: next(k for k in _OF_TFLM if name.startswith(k.folder)) for name in files}
    found = []
    for kind in _OF_TFLM:
        own = {name: digest for name, digest in files.items() if owners[name] is kind}
        if own or (kind.headers and (tree.path / kind.folder).is_dir()):
            version = _tflm_version(tree, kind)
            whole = tree.fingerprint if not kind.folder else ""
            found.append(PartEntry(kind.name, version, kind.licence, kind.purl, own, whole))
    return tuple(reversed(found))


def _tflm_version(tree: TflmTree, kind: _Kind) -> str:
    if kind.name == "FlatBuffers":
        return tree.flatbuffers_version
    if kind.name == "CMSIS-NN":
        match = _CMSIS_NN_REVISION.search(_head(tree.path / kind.folder / _NN_HEADER))
        return match[1].rstrip(".") if match else ""
    return ""


_NN_HEADER = "Include/arm_nnfunctions.h"


def sdk_parts(sdk: Path, version: str, sources: Iterable[Path]) -> tuple[PartEntry, ...]:
    """Drivers of NXP's SDK in `sdk`, each with its own version, and the rest of the SDK.

    sources: absolute paths of all that is compiled; those outside of the SDK are no concern of it.
    """
    root = sdk.resolve()
    inside = (path for path in map(Path.resolve, sources) if path.is_relative_to(root))
    names = sorted({path.relative_to(root).as_posix() for path in inside})
    drivers: list[PartEntry] = []
    rest: dict[str, str] = {}
    for name, digest in _hashed(root, names).items():
        path = root / name
        match = _DRIVER.search(_head(path.with_suffix(".h")))
        if match is None:
            rest[name] = digest
        else:
            licence = _licences([path])
            drivers.append(
                PartEntry(path.stem, ".".join(match.groups()), licence, "", {name: digest})
            )
    licence = _licences(root / name for name in rest)
    whole = PartEntry(
        "MCUXpresso SDK", version, licence, "pkg:github/nxp-mcuxpresso/mcuxsdk-core", rest
    )
    return (whole, *drivers)


def library_parts(toolchain: str, version: str, newlib: str | None) -> tuple[PartEntry, ...]:
    """The compiler's own libraries. newlib: the version of the C library; None if none is linked,
    and no C++ either."""
    if toolchain == "zig":
        return (PartEntry("compiler_rt of Zig", version, "MIT"),)
    gcc = PartEntry("libgcc", version, _GCC_EXCEPTION)
    if newlib is None:
        return (gcc,)
    cxx = PartEntry("libstdc++", version, _GCC_EXCEPTION)
    return (gcc, cxx, PartEntry("newlib", newlib, "BSD-like licences of COPYING.NEWLIB"))


def linux_library_parts(toolchain: str, version: str, glibc: str = "") -> tuple[PartEntry, ...]:
    """What is linked into a program for Linux beside its own objects. glibc: the version of GCC's C
    library."""
    if toolchain == "zig":
        return (
            PartEntry("compiler_rt of Zig", version, "MIT"),
            PartEntry("musl of Zig", version, "MIT"),
        )
    return (
        PartEntry("libgcc", version, _GCC_EXCEPTION),
        PartEntry("GNU C Library", glibc, "LGPL-2.1-or-later"),
    )


def compiled_sources(folder: Path) -> list[Path]:
    """The sources that the CMake build in `folder` compiles. Raises ToolchainError without them."""
    path = folder / COMPILED
    try:
        commands = parse_json(read_text(path, _MAX_COMMANDS_BYTES), _MAX_COMMANDS_BYTES)
        return [Path(one["directory"], one["file"]) for one in commands]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ToolchainError(
            f"{path}, CMake's list of what it compiles, cannot be read: {error}",
            "Remove that folder and build again.",
        ) from error


def _hashed(root: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each file whose path can be in a manifest."""
    known = [name for name in names if not path_complaint(name)]
    return {name: sha256((root / name).read_bytes()).hexdigest() for name in known}


def _licences(paths: Iterable[Path]) -> str:
    """The licences that the files state, joined; empty if none states any."""
    found = {match[1] for path in paths for match in [_SPDX.search(_head(path))] if match}
    return shortened(one_line(" AND ".join(_bracketed(sorted(found)))), MAX_TEXT)


def _bracketed(licences: Sequence[str]) -> list[str]:
    several = len(licences) > 1
    return [f"({one})" if several and " OR " in one else one for one in licences]


def _head(path: Path) -> str:
    """The beginning of a text file, which is whole for any header; empty if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
