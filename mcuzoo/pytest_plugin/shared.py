"""What the workers of one test run share: a folder. Which boards are retired, which are flashed,
and what each worker leaves behind for the summary."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from mcuzoo.files import write_whole
from mcuzoo.locking import lock

_POLL_S = 0.05


@dataclass(frozen=True)
class Retired:
    """A board that takes no more tests. test: the one in which it was lost. kind: of the error.
    name, port: of the board. reason: a sentence; hint: the command that mends it."""

    name: str
    port: str
    reason: str
    test: str
    kind: str
    hint: str

    @property
    def text(self) -> str:
        return f"{self.name} was retired in {self.test}: {self.reason}"


@dataclass(frozen=True)
class Done:
    """What a worker leaves: the folders of its runs, and how many tests each board took."""

    runs: tuple[str, ...]
    tests: dict[str, int]


class Shared:
    """The folder. It may be read while workers write: every file appears whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def retire(self, board: Retired) -> None:
        self._write(f"{key_of(board.name)}.retired", asdict(board))

    def retired(self) -> dict[str, Retired]:
        """The boards that were retired by any worker, by name."""
        found = (Retired(**values) for values in self._read("retired"))
        return {one.name: one for one in found}

    def flashed(self, name: str, build_id: str) -> None:
        self._write(f"{key_of(name)}.flashed", {"build_id": build_id})

    def was_flashed(self, name: str) -> bool:
        return (self.folder / f"{key_of(name)}.flashed").exists()

    def leave(self, worker: str, done: Done) -> None:
        self._write(f"{key_of(worker)}.done", asdict(done))

    def left(self) -> list[Done]:
        return [Done(tuple(values["runs"]), dict(values["tests"])) for values in self._read("done")]

    def once(self, name: str, find: Callable[[], list[str]]) -> list[str]:
        """What `find` gives in the first worker that asks; the others get the same."""
        path = self.folder / f"{key_of(name)}.once"
        with waited(self.folder / f"{path.name}.lock"):
            if path.exists():
                return [str(one) for one in json.loads(path.read_text(encoding="utf-8"))]
            found = find()
            self._write(path.name, found)
            return found

    def _write(self, name: str, value: object) -> None:
        write_whole(self.folder / name, json.dumps(value).encode())

    def _read(self, suffix: str) -> list[dict[str, Any]]:
        paths = sorted(self.folder.glob(f"*.{suffix}"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def key_of(name: str) -> str:
    """The start of a file's name for a board or port of any name."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def locked(path: Path) -> IO[bytes] | None:
    """The open file, locked until it is closed, or until its process dies; None: somebody else has
    it."""
    file = path.open("ab")
    try:
        lock(file)
    except OSError:
        file.close()
        return None
    return file


@contextmanager
def waited(path: Path, deadline: float | None = None) -> Iterator[None]:
    """Hold the lock of `path` in the block. Raises TimeoutError at `deadline`, of monotonic()."""
    while (file := locked(path)) is None:
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        with suppress(OSError):
            file.close()
