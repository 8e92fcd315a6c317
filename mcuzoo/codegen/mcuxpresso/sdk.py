"""The user's MCUXpresso SDK: is it one, and which?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.errors import InputError

MINIMUM_VERSION = "24.12"
"""The first that is built with west, CMake and Kconfig, and the one that applications are tried
with."""

CONFIGURATIONS = ("flexspi_nor_release", "flexspi_nor_debug")
"""Of the SDK's build configurations, those that make an image which runs from flash."""

SDK_VARIABLE = "MCUXSDK_ROOT"

_NOT_IN_PATHS = re.compile(r"[\s\[\]\"'#$&()*;<>?^`{|}!\\]")
"""As sdk.cmake of an application has it."""
_MARKS = ("cmake/extension/mcux.cmake", "Kconfig.mcuxpresso", "MCUX_VERSION")
_HINT = (
    "It is the folder mcuxsdk of the workspace that NXP's instructions make: "
    "west init -m https://github.com/nxp-mcuxpresso/mcuxsdk-manifests.git WORKSPACE, west update."
)


@dataclass(frozen=True)
class SdkTree:
    """version: year and month of the release, 24.12 for example."""

    path: Path
    version: str


def require_plain_path(path: Path, what: str) -> None:
    """Raise InputError where the SDK's build cannot take the path of `what`: it writes paths into
    commands without quoting them."""
    found = _NOT_IN_PATHS.search(path.as_posix())
    if found is not None:
        name = "a blank" if found[0] == " " else repr(found[0])
        raise InputError(
            f"{what} is in {path}: the SDK's build cannot take a path with {name} in it.",
            "Move it to a path of letters, digits, and _ . - + between the slashes.",
        )


def open_sdk(path: Path, sdk_board: str) -> SdkTree:
    """Check that `path` is an SDK that applications for `sdk_board` can be built in.

    Raises InputError naming what was looked for.
    """
    path = path.resolve()
    if not path.is_dir():
        raise InputError(f"There is no folder {path}.", _HINT)
    require_plain_path(path, "The MCUXpresso SDK")
    missing = [mark for mark in _MARKS if not (path / mark).is_file()]
    if missing:
        inside = path / "mcuxsdk"
        if (inside / _MARKS[0]).is_file():
            raise InputError(f"{path} is the workspace, not the SDK in it.", f"Use --sdk {inside}.")
        raise InputError(
            f"{path} is no MCUXpresso SDK of version {MINIMUM_VERSION} or newer: looked for "
            f"{', '.join(missing)}.",
            _HINT,
        )
    version = _version((path / "MCUX_VERSION").read_text(encoding="utf-8", errors="replace"))
    if _numbers(version) < _numbers(MINIMUM_VERSION):
        raise InputError(
            f"The MCUXpresso SDK in {path} is version {version} (MCUX_VERSION); "
            f"{MINIMUM_VERSION} or newer is needed.",
            "west update to a newer release.",
        )
    board = f"examples/_boards/{sdk_board}/board.c"
    if not (path / board).is_file():
        raise InputError(
            f"The MCUXpresso SDK in {path} does not have the board {sdk_board}: looked for "
            f"{board}.",
            "west update --group-filter +examples.",
        )
    return SdkTree(path, version)


def _version(text: str) -> str:
    """`CURRENT_YEAR = 24`, `VERSION_MAJOR = 12`: 24.12; 0.0 where a line is missing."""
    found = (re.search(rf"{name} *= *(\d+)", text) for name in ("CURRENT_YEAR", "VERSION_MAJOR"))
    return ".".join(match[1] if match else "0" for match in found)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
