"""Run another program with a time limit, so that nothing of it is left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mcuzoo.errors import ProbeError, command
from mcuzoo.processes import apart, end
from mcuzoo.quoting import one_line

_KEPT_BYTES = 1 << 20
_SHOWN_LINES = 6


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


def find_tool(*names: str) -> str | None:
    """The path of the first of `names` that is on the PATH."""
    found = (shutil.which(name) for name in names)
    return next((path for path in found if path), None)


def ask_tool(words: Sequence[str], limit_s: float, folder: Path | None = None) -> Answer:
    """Run a program to its end. stdin is empty.

    folder: the current one of the program. Raises ProbeError for a program that cannot be started
    or that is not done in time; it is ended then, as on Ctrl-C, with all that it started.
    """
    return _finished(words, limit_s, folder)


def run_tool(
    words: Sequence[str] | str,
    limit_s: float,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Answer:
    """As ask_tool, and raises ProbeError if the program fails. A text as `words` is run by the
    shell. variables: more of the program's environment."""
    shown = _shown(words)
    done = _finished(words, limit_s, folder, variables)
    if done.code:
        how = f"was ended by signal {-done.code}" if done.code < 0 else f"failed ({done.code})"
        said = f" It said: {done.last_words}" if done.last_words else " It said nothing."
        raise ProbeError(f"{shown} {how}.{said}", f"See what it says: {shown}")
    return done


def _finished(
    words: Sequence[str] | str,
    limit_s: float,
    folder: Path | None,
    variables: Mapping[str, str] | None = None,
) -> Answer:
    shown = _shown(words)
    # A file, not a pipe: nothing has to be read meanwhile, and a grandchild that keeps it open
    # keeps nobody waiting.
    with tempfile.TemporaryFile() as said:
        try:
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
        except OSError as error:
            raise ProbeError(
                f"{shown} cannot be started: {error.strerror}.", "mcuzoo doctor shows the tools."
            ) from error
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            end(process)
            raise ProbeError(
                f"{shown} was not done within {limit_s:.0f} s, and was ended. "
                f"It said: {Answer(0, _read(said)).last_words or 'nothing'}",
                "Is the board powered and the probe free? --time-limit S gives it longer.",
            ) from None
        except BaseException:
            end(process)
            raise
        return Answer(code, _read(said))


def _shown(words: Sequence[str] | str) -> str:
    return words if isinstance(words, str) else command(*words)


def _read(file: IO[bytes]) -> str:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _KEPT_BYTES))
    return file.read(_KEPT_BYTES).decode("utf-8", errors="replace")
