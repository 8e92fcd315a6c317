"""Which files under firmware/ a project needs: all that its C sources reach by #include."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from mcuzoo.errors import InputError
from mcuzoo.project.build_id import BUILD_ID_HEADER
from mcuzoo.resources import firmware_dir

_SHARED = ("app/*.c", "link/*.c", "port/console/*.c")

STANDALONE_SOURCES = (*_SHARED, "port/cortex_m7/*.c", "port/imxrt/*.c")
"""Patterns of the C files under firmware/ that are part of every stand-alone project."""

SDK_SOURCES = (
    *_SHARED,
    "port/cortex_m7/mz_core.c",
    "port/cortex_m7/mz_fault.c",
    "port/cortex_m7/mz_interrupt.c",
    "port/cortex_m7/mz_mpu.c",
    "port/cortex_m7/mz_stack.c",
    "port/mcuxsdk/*.c",
)
"""The same for applications of the MCUXpresso SDK, which has start-up code and drivers."""

SOURCE_SUFFIXES = (".c", ".cc", ".S")

INCLUDE_DIRS = ("firmware", "board", "model")
"""Relative to the project."""

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def application_sources(firmware: Path, patterns: Iterable[str]) -> tuple[str, ...]:
    """Paths below `firmware` of the C files that match one of `patterns`, sorted."""
    found = (path for pattern in patterns for path in firmware.glob(pattern))
    return tuple(sorted(path.relative_to(firmware).as_posix() for path in found))


def source_files(
    rendered: Mapping[str, str], patterns: Iterable[str], others: Iterable[str]
) -> dict[str, bytes]:
    """What a firmware is compiled from, by project path: the `rendered` files, and of firmware/
    what `patterns` and `others`, paths there, name and all that they reach.

    The build id's header is not among them: `identified` adds it.
    """
    firmware = firmware_dir()
    compiled = (*application_sources(firmware, patterns), *others)
    return {
        **encoded(rendered),
        **firmware_files(compiled, firmware, {**rendered, BUILD_ID_HEADER: ""}),
    }


def encoded(texts: Mapping[str, str]) -> dict[str, bytes]:
    """The content of text files."""
    return {path: text.encode() for path, text in texts.items()}


def firmware_files(
    sources: Iterable[str], firmware: Path, rendered: Mapping[str, str]
) -> dict[str, bytes]:
    """`firmware/...` files by project path: `sources`, all headers that they reach, and the C file
    beside each of those headers.

    rendered: the project's other files, which may include and be included. Raises InputError for
    an include that neither they nor the firmware folder can satisfy.
    """
    files: dict[str, bytes] = {}
    waiting = [f"firmware/{source}" for source in sources]
    for path, text in rendered.items():
        waiting += _includes(path, text, firmware, rendered)
    while waiting:
        path = waiting.pop()
        if path in files or path in rendered:
            continue
        content = (firmware.parent / path).read_bytes()
        files[path] = content
        waiting += _includes(path, content.decode("utf-8"), firmware, rendered)
        beside = PurePosixPath(path).with_suffix(".c")
        if (firmware.parent / beside).is_file():
            waiting.append(beside.as_posix())
    return files


def _includes(path: str, text: str, firmware: Path, rendered: Mapping[str, str]) -> list[str]:
    if PurePosixPath(path).suffix not in (".c", ".cc", ".h"):
        return []
    return [_resolve(path, name, firmware, rendered) for name in _INCLUDE.findall(text)]


def _resolve(path: str, name: str, firmware: Path, rendered: Mapping[str, str]) -> str:
    """The project path of `#include "name"` in the file at `path`, as the compiler searches."""
    for folder in (PurePosixPath(path).parent.as_posix(), *INCLUDE_DIRS):
        candidate = f"{folder}/{name}"
        if candidate in rendered:
            return candidate
        inside = PurePosixPath(candidate)
        if inside.parts[0] == "firmware" and (firmware.parent / inside).is_file():
            return candidate
    raise InputError(f"{path} includes {name!r}, which is not found.", "Reinstall mcuzoo.")
