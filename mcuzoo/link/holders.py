"""Which program has a serial port open: on Linux, as far as this user may see it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

_PROCESSES = Path("/proc")
_TERMINAL_MAKERS = frozenset(("/dev/ptmx", "/dev/pts/ptmx"))


def holder_of(device: str, processes: Path = _PROCESSES) -> str:
    """The programs that have `device` open, as "picocom (process 4711)"; "" for none that is known.

    Only processes of this user can be looked into, unless it is root. On other systems than Linux
    nothing is known.
    """
    if not sys.platform.startswith("linux") or "://" in device:
        return ""
    place = os.path.realpath(device)
    found = []
    for process in processes.glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with suppress(OSError):  # it may end, or be another user's
            opened = {_target(entry) for entry in (process / "fd").iterdir()}
            # The program behind a pseudo-terminal, an emulator for instance, is no holder of it.
            if place in opened and not opened & _TERMINAL_MAKERS:
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                found.append(f"{name} (process {process.name})")
    return ", ".join(sorted(found))


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:
        return ""
