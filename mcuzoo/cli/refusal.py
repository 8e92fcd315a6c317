"""What the operating system refuses, in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from mcuzoo.errors import InputError, McuzooError, command
from mcuzoo.files import NO_SPACE, no_folder
from mcuzoo.resources import resource_root


def refused_by_system(error: OSError) -> McuzooError | None:
    """What the user is told of an OSError on something of theirs; None when it is mcuzoo's own.

    It is the user's when it names a file outside of this package, or when a disk is full.
    """
    name = error.filename
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    reason = (error.strerror or "the system refuses it").rstrip(".")
    if error.errno in NO_SPACE:
        where = f"{name} cannot be written" if isinstance(name, str) else "A file cannot be written"
        return InputError(f"{where}: {reason}.", command("df", "-h", *_folder_of(name)))
    if not isinstance(name, str) or _is_ours(name):
        return None
    if error.errno == errno.EEXIST:
        return no_folder(name)
    return InputError(f"{name}: {reason}.", _hint(error, name))


def _hint(error: OSError, name: str) -> str:
    look = command("ls", "-ld", name)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"Name another place, or see who may write there: {look}"
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"Name a place that is free; what is there: {look}"
    if error.errno == errno.EISDIR:
        return "It is a folder: name a file."
    return f"See what is there: {look}"


def _folder_of(name: object) -> tuple[str, ...]:
    return (str(Path(name).parent),) if isinstance(name, str) and name[:1] != "<" else ()


def _is_ours(name: str) -> bool:
    package = Path(__file__).resolve().parent.parent
    places = (package, *(resource_root() / part for part in ("boards", "templates", "firmware")))
    path = Path(name).absolute()
    return any(path.is_relative_to(place) for place in places)
