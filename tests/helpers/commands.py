"""The mcuzoo command as a process."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.cli.guard import guarded, prints_lines, wants_json
from mcuzoo.cli.program import run_command
from mcuzoo.errors import InputError
from mcuzoo.run.journal import read_run
from mcuzoo.run.record import Status


def mcuzoo(*arguments: object) -> list[str]:
    """The command line of `mcuzoo ARGUMENTS`."""
    return [sys.executable, "-m", "mcuzoo", *map(str, arguments)]


def finished(arguments: Sequence[str], timeout_s: float = 280) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(arguments, capture_output=True, text=True, timeout=timeout_s)


def done_images(run: Path) -> int:
    """How many images of a run, perhaps one being written, are done."""
    with contextlib.suppress(InputError):
        return sum(row.status is Status.DONE for row in read_run(run)[1])
    return 0


def stopped_after(arguments: Sequence[str], run: Path, images: int, how: int) -> tuple[int, str]:
    """Start a run, send it the signal `how` once `images` are done; its exit code and stderr."""
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while done_images(run) < images and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(how)
    _, said = process.communicate(timeout=120)
    return process.returncode, said


@dataclass(frozen=True)
class Said:
    """What a command of this process ended with and wrote."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def invoke(words: Sequence[object]) -> Said:
    """Run a command in this process, with the handler that stands around the program."""
    typed = [str(word) for word in words]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = guarded(lambda: run_command(typed), wants_json(typed), in_a_line=prints_lines(typed))
    return Said(code, out.getvalue(), err.getvalue())
