"""One writer per run folder; the operating system frees the lock when the writer dies."""

from __future__ import annotations

from pathlib import Path

from mcuzoo.errors import UsageError
from mcuzoo.locking import lock

LOCK_NAME = "run.lock"


class RunLock:
    """An exclusive lock on a run folder, held from construction to `release`.

    Raises UsageError when another process (or another RunLock) holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / LOCK_NAME).open("ab")
        try:
            lock(self._file)
        except OSError as error:
            self._file.close()
            raise UsageError(
                f"Another mcuzoo process is writing to {folder}.",
                "Wait for it, or leave --out away to write to a folder of its own.",
            ) from error

    def __enter__(self) -> RunLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self._file.close()
