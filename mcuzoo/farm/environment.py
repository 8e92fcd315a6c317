"""The environment of a farm: labgrid, and the one of two packages that have the folder serial/."""

from __future__ import annotations

import sys
from importlib import metadata
from importlib.util import find_spec

from mcuzoo.errors import MissingExtraError, command
from mcuzoo.extras import install_command, missing_packages

LABGRID = "labgrid"
OURS, LABGRIDS = "pyserial", "pyserial-labgrid"
"""Two packages with the same files; mcuzoo works with either, labgrid needs the second."""


def require_labgrid() -> None:
    """Raise MissingExtraError if labgrid is not installed."""
    if missing_packages([LABGRID]):
        raise MissingExtraError(
            f"A board farm needs the Python package {LABGRID}, which is not installed (extra "
            f"farm). It brings {LABGRIDS}, which takes the place of {OURS}.",
            labgrid_command(),
        )


def labgrid_command() -> str:
    """What to type to get labgrid, and its own serial package in place of ours."""
    return f"{install_command([LABGRID])} && {mend_command()}"


def both_serials() -> bool:
    """Whether pyserial and pyserial-labgrid are both installed: then the files are those of the one
    that came last, and removing or upgrading either damages the other."""
    return all(_is_installed(name) for name in (OURS, LABGRIDS))


def mend_command() -> str:
    """What to type so that pyserial-labgrid alone is there, and whole."""
    if find_spec("pip") is None:
        pip = ["uv", "pip"]
        where, yes, again = ["--python", sys.executable], [], "--reinstall"
    else:
        pip = [sys.executable, "-m", "pip"]
        where, yes, again = [], ["-y"], "--force-reinstall"
    remove = command(*pip, "uninstall", *where, *yes, OURS)
    return f"{remove} && {command(*pip, 'install', *where, again, '--no-deps', LABGRIDS)}"


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
