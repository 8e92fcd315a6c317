"""The name under which a run holds places, and the names of earlier runs that were killed.

A place stays locked when its holder dies. Each run has a name of its own and, in the user's state
folder, a record of that name which is locked as long as the run lives. A record that nobody has
locked is of a run that was killed: what it left at a coordinator may be released, and only that.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from mcuzoo.locking import lock
from mcuzoo.untrusted import parse_json, read_text

_SUFFIX = ".json"


@dataclass(frozen=True)
class Owner:
    """A run, as a coordinator knows it. coordinator: its address. host, user: HOST/USER is who
    holds a place."""

    host: str
    user: str
    coordinator: str

    @property
    def text(self) -> str:
        """The holder of a place, as labgrid-client writes it."""
        return f"{self.host}/{self.user}"


class Record:
    """The record of one run, locked until `close`. Without a folder that can be written there is
    none, and what a killed run leaves must be released by hand."""

    def __init__(self, folder: Path, coordinator: str) -> None:
        name = f"mcuzoo-{_plain(_user())}-{secrets.token_hex(4)}"
        self.owner = Owner(_host(), name, coordinator)
        self._path = folder / f"{name}{_SUFFIX}"
        self._file: IO[str] | None = None
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("x", encoding="utf-8")
            # An empty record is one in the making: others leave it alone.
            lock(self._file)
            json.dump(asdict(self.owner), self._file)
            self._file.flush()

    def close(self, clean: bool) -> None:
        """End the run. clean: it holds nothing any more, so that its record may go."""
        if self._file is None:
            return
        if clean:
            with suppress(OSError):
                self._path.unlink()
        self._file.close()
        self._file = None


def dead_owners(folder: Path) -> Iterator[tuple[Path, Owner]]:
    """The runs of this user on this machine that did not end by themselves, and their records.

    Each is locked while it is looked at, so that only one run cleans up behind it.
    """
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with suppress(OSError), path.open("r+", encoding="utf-8") as file:
            lock(file)
            owner = _read(path)
            if owner is not None and owner.host == _host():
                yield path, owner


def _read(path: Path) -> Owner | None:
    try:
        found = parse_json(read_text(path))
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("user") != path.name.removesuffix(_SUFFIX):
        return None
    return Owner(str(found.get("host")), str(found["user"]), str(found.get("coordinator")))


def records_folder() -> Path:
    """Where records of runs on farms are."""
    from platformdirs import user_state_path

    return user_state_path("mcuzoo", appauthor=False) / "farm"


def _host() -> str:
    return _plain(os.environ.get("LG_HOSTNAME") or socket.gethostname())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in some containers
        return "unknown"


def _plain(text: str) -> str:
    """A coordinator writes HOST/USER: neither may contain a slash."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)
