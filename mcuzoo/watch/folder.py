"""New pictures in a folder, each taken once it is whole.

The folder is looked at again and again. The notifications of an operating system would cost less,
but tell nothing of what another computer writes on a network mount.

When is a picture whole? A JPEG, PNG or GIF whose last bytes are the end mark of its format, and
which can be decoded, is whole at first sight. Any other must have been the same for SETTLE_S, also
under another name, as its writer may have reserved room that it fills later. What can still not be
decoded after GIVE_UP_S without a change is no picture; if it changes, it is looked at again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from mcuzoo.data.images import IMAGE_SUFFIXES, FilePicture, Item
from mcuzoo.errors import DataSetError, InputError
from mcuzoo.quoting import printable
from mcuzoo.run.feed import Prepared, Unusable
from mcuzoo.watch.arrival import Arrival, Prepare

POLL_S = 0.1
SETTLE_S = 0.25
GIVE_UP_S = 5.0
_TRIES_S = (0.0, SETTLE_S, GIVE_UP_S)
"""A picture is tried when it has been the same for so long; at 0 only if its end says so."""

_PAUSE_PER_LOOK = 9
"""A large or slow folder is listed less often: it takes a tenth of the time at most."""

_END_MARKS = ((b"\xff\xd8", b"\xff\xd9"), (b"\x89PNG", b"IEND\xaeB`\x82"), (b"GIF8", b"\x3b"))
"""First and last bytes of a whole file: JPEG (ITU-T T.81, SOI and EOI), PNG (ISO 15948, chunk
IEND with its CRC), GIF89a (trailer)."""


class _State(NamedTuple):
    """A file is the same as long as this is."""

    inode: int
    size: int
    modified_ns: int


@dataclass
class _Pending:
    """A file that is not decided yet. since: when it was first seen in this state. tries: how often
    it was tried since then, see _TRIES_S."""

    state: _State
    since: float
    tries: int = 0


@dataclass(frozen=True)
class _Content(FilePicture):
    """A file that was read already, whatever becomes of it now. content: its bytes."""

    content: bytes = b""

    def read(self) -> bytes:
        return self.content


class Looks:
    """Looks at a folder, one after the other; each gives what is new and whole since the last one.

    existing: also the pictures that are there now; only_existing: no others. say: gets a sentence
    about a file that goes away before it is whole, and about one that has no picture's name. Raises
    OSError if the folder cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        existing: bool,
        only_existing: bool,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._folder = folder
        self._say = say
        self._clock = clock
        self._decided: dict[str, _State] = {}
        self._pending: dict[str, _Pending] = {}
        self._count = 0
        self.listing_s = 0.0
        """How long it took to list the folder last."""
        there = self._listed()
        self._only = set(there) if only_existing else None
        for name, state in there.items():
            if not existing or not _is_named_as_picture(name):  # what was there is no news
                self._decided[name] = state

    @property
    def undecided(self) -> bool:
        """Whether files were there at the last look that may still become pictures."""
        return bool(self._pending)

    @property
    def count(self) -> int:
        """How many pictures, and files that are none in spite of their names, there were so far."""
        return self._count

    def look(self, prepare: Prepare) -> Generator[Arrival, None, None]:
        """The pictures that are whole now, and the files that are none, in the order of their times
        and names. Raises OSError if the folder cannot be read, and what `prepare` raises."""
        listed = self._listed()
        now = self._clock()
        self._take_leave(listed)
        for name, state in sorted(listed.items(), key=lambda one: (one[1].modified_ns, one[0])):
            if self._decided.get(name) != state and (self._only is None or name in self._only):
                found = self._tried(name, self._as_pending(name, state, now), now, prepare)
                if found is not None:
                    yield found

    def _listed(self) -> dict[str, _State]:
        """The files, without hidden ones, which are those of programs."""
        begun = self._clock()
        found = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                try:
                    if entry.is_file():
                        about = entry.stat()
                        state = _State(about.st_ino, about.st_size, about.st_mtime_ns)
                        found[entry.name] = state
                except OSError:  # removed meanwhile, or not ours to see
                    continue
        self.listing_s = self._clock() - begun
        return found

    def _take_leave(self, listed: dict[str, _State]) -> None:
        """Forget what is gone. A file under a new name is the same one."""
        moved: dict[_State, str] = {}
        for name in [name for name in self._decided if name not in listed]:
            moved[self._decided.pop(name)] = name
        begun: dict[_State, _Pending] = {}
        for name in [name for name in self._pending if name not in listed]:
            pending = self._pending.pop(name)
            begun[pending.state] = pending
            if pending.state not in listed.values() and _is_named_as_picture(name):
                self._say(f"{printable(name)} went away before it was whole")
        for name, state in listed.items():
            if not state.inode or name in self._decided or name in self._pending:
                continue
            if state in moved and _is_named_as_picture(moved[state]):
                self._decided[name] = state
            elif state in begun:
                self._pending[name] = replace(begun[state], tries=0)

    def _as_pending(self, name: str, state: _State, now: float) -> _Pending:
        pending = self._pending.get(name)
        if pending is None or pending.state != state:
            pending = self._pending[name] = _Pending(state, now)
        return pending

    def _tried(self, name: str, pending: _Pending, now: float, prepare: Prepare) -> Arrival | None:
        """The picture, if it is whole, or if it will never be; else None."""
        age = now - pending.since
        if not _is_named_as_picture(name):
            if age >= GIVE_UP_S:
                self._decide(name, pending.state)
                self._say(f"{printable(name)} is no picture by its name, and is left alone")
            return None
        if age < _TRIES_S[pending.tries]:
            return None
        pending.tries += 1
        first, last = pending.tries == 1, pending.tries == len(_TRIES_S)
        path = self._folder / name
        if first and not _has_end_mark(path):
            return None
        ready = self._ready(path, prepare)
        if not _is_still(path, pending.state) or (isinstance(ready, Unusable) and not last):
            return None
        self._decide(name, pending.state)
        self._count += 1
        return Arrival(ready, pending.since)

    def _ready(self, path: Path, prepare: Prepare) -> Prepared | Unusable:
        file = FilePicture(path)
        item = Item(self._count, path.name, file, None)
        try:
            content = file.read()
        except DataSetError as error:
            return Unusable(item, error.message)
        ready = prepare(replace(item, picture=_Content(path, content)))
        return replace(ready, item=item)  # without the content

    def _decide(self, name: str, state: _State) -> None:
        self._pending.pop(name, None)
        self._decided[name] = state


class FolderSource:
    """A folder that is looked at until it is told to stop. once: only until all is answered that
    was there at the first look."""

    live = False

    def __init__(
        self, folder: Path, existing: bool, once: bool, say: Callable[[str], None]
    ) -> None:
        """Raises InputError if the folder cannot be read."""
        self._folder = folder
        self._once = once
        self._say = say
        try:
            self._looks = Looks(folder, existing or once, once, say)
        except OSError as error:
            raise _unreadable(folder, error) from error

    def arrivals(
        self, prepare: Prepare, wanted: threading.Event, stop: threading.Event
    ) -> Generator[Arrival, None, None]:
        """As Source. A folder that cannot be read any more is waited for, but not with `once`."""
        lost = False
        while not stop.is_set():
            try:
                yield from self._looks.look(prepare)
            except OSError as error:
                if self._once:
                    raise _unreadable(self._folder, error) from error
                if not lost:
                    self._say(f"{_unreadable(self._folder, error).message} It is waited for.")
                lost = True
            else:
                if lost:
                    self._say(f"{printable(str(self._folder))} is there again")
                lost = False
            if self._once and not self._looks.undecided:
                if not self._looks.count:
                    self._say(
                        f"{printable(str(self._folder))} has no picture: no file whose name ends "
                        f"with {', '.join(sorted(IMAGE_SUFFIXES))}"
                    )
                return
            stop.wait(max(POLL_S, _PAUSE_PER_LOOK * self._looks.listing_s))


def _unreadable(folder: Path, error: OSError) -> InputError:
    return InputError(
        f"{printable(str(folder))} cannot be watched: {error.strerror or error}.",
        "Name a folder that is there: --folder DIR.",
    )


def _is_named_as_picture(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES


def _is_still(path: Path, state: _State) -> bool:
    """Whether the file is as it was; Windows lists files without their inode."""
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (state.size, state.modified_ns)


def _has_end_mark(path: Path) -> bool:
    """Whether the last bytes of the file are those of a whole one."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 8))
            tail = file.read(8)
    except OSError:
        return False
    return any(head.startswith(first) and tail.endswith(last) for first, last in _END_MARKS)
