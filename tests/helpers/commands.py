"""The mcuzoo command as a process."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

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
