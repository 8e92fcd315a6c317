"""Child processes that the Ctrl-C of a terminal does not reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mcuzoo.quoting import one_line

GRACE_S = 5.0
"""How long a child that is asked to end has for it."""
_POLL_S = 0.05
_KEPT_BYTES = 1 << 20
_SHOWN_LINES = 6


def apart() -> dict[str, Any]:
    """Options of subprocess.Popen: Ctrl-C interrupts only this process, which ends the child."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


@dataclass(frozen=True)
class Answer:
    """What a program said, stdout and stderr together, and its exit code."""

    code: int
    said: str

    @property
    def last_words(self) -> str:
        """The last lines with something in them, printable, on one line."""
        lines = [one_line(line).strip() for line in self.said.splitlines()]
        return " | ".join([line for line in lines if line][-_SHOWN_LINES:])


class TimeLimitError(Exception):
    """A program was not done in time, and was ended. last_words: as of an Answer."""

    def __init__(self, last_words: str) -> None:
        super().__init__(last_words)
        self.last_words = last_words


def run_to_end(
    words: Sequence[str] | str,
    limit_s: float,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    pause: Callable[[float], None] = time.sleep,
    grace_s: float = GRACE_S,
) -> Answer:
    """Run a program to its end; a text as `words` is run by the shell. stdin is empty.

    folder: the current one of the program. variables: more of its environment. pause: is called all
    the time; when it raises, the program is ended with all that it started, as on Ctrl-C, and has
    grace_s seconds for it. Raises TimeLimitError; OSError or ValueError if it cannot be started.
    """
    # A file, not a pipe: nothing has to be read meanwhile, and a grandchild that keeps it open
    # keeps nobody waiting.
    deadline = time.monotonic() + limit_s
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=folder,
            shell=isinstance(words, str),
            env={**os.environ, **(variables or {})},
            **apart(),
        )
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise TimeLimitError(Answer(0, _read(said)).last_words)
                pause(_POLL_S)
        except BaseException:
            end(process, grace_s)
            raise
        return Answer(process.returncode, _read(said))


def _read(file: IO[bytes]) -> str:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _KEPT_BYTES))
    return file.read(_KEPT_BYTES).decode("utf-8", errors="replace")


def end(process: subprocess.Popen[Any], grace_s: float = GRACE_S) -> None:
    """End a child that was started `apart`, with all that it started: ask first, then kill."""
    _signal(process, "SIGTERM")
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        _signal(process, "SIGKILL")
        process.wait()


def _signal(process: subprocess.Popen[Any], name: str) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(OSError):
        os.killpg(process.pid, getattr(signal, name))
