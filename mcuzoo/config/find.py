"""Which mcuzoo.toml counts: that of the working folder, or the nearest above it.

The search is careful, as Git's is: nobody else's file decides what a command does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.config.keys import FILE_NAME
from mcuzoo.errors import InputError

VARIABLE = "MCUZOO_CONFIG"
OFF = "off"


@dataclass(frozen=True)
class Place:
    """path: of the file. folder: what its relative paths are relative to. shown: in messages."""

    path: Path
    folder: Path
    shown: str


def find_file(
    environment: Mapping[str, str], say: Callable[[str], None] = lambda text: None
) -> Place | None:
    """The file that counts, or None.

    MCUZOO_CONFIG names it, or says off. Else it is looked for in the working folder and above: as
    far as the root of a Git repository or of the file system that the folder is on, and not in the
    home folder or above that. Above the working folder and in it, a file of another user is not
    taken; `say` is told. Raises InputError if MCUZOO_CONFIG names no file.
    """
    named = environment.get(VARIABLE)
    if named == OFF:
        return None
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise InputError(
                f"{VARIABLE} names {named}, and there is no such file.",
                f"{VARIABLE}={OFF} is for none; mcuzoo init writes one.",
            )
        return Place(path, path.parent, str(path))
    try:
        here = Path.cwd()
        return _nearest(here, _home(), say)
    except OSError:  # the working folder is gone, or closed to us
        return None


def _nearest(here: Path, home: Path | None, say: Callable[[str], None]) -> Place | None:
    device = here.stat().st_dev
    for depth, folder in enumerate((here, *here.parents)):
        if depth and (folder == home or folder.stat().st_dev != device):
            return None
        path = folder / FILE_NAME
        if path.is_file():
            # As the user would write it: ../mcuzoo.toml
            above = Path(*[os.pardir] * depth)
            if not _is_ours(path):
                say(
                    f"note: {path} is another user's and is not read; "
                    f"to read it: {VARIABLE}={above / FILE_NAME}"
                )
                return None
            return Place(path, above, str(above / FILE_NAME))
        if (folder / ".git").exists():
            return None
    return None


def _is_ours(path: Path) -> bool:
    """Whether the file, and a link to it, belong to this user or to the system's."""
    if not hasattr(os, "geteuid"):
        return True
    ours = {0, os.geteuid()}
    if os.geteuid() == 0 and os.environ.get("SUDO_UID", "").isdecimal():
        ours.add(int(os.environ["SUDO_UID"]))
    return {path.stat().st_uid, path.lstat().st_uid} <= ours


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (OSError, RuntimeError):
        return None
