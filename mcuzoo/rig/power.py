"""Switch a board off and on by the commands of its rig file."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from mcuzoo.errors import RigError, command
from mcuzoo.processes import apart, end
from mcuzoo.rig.boards import Power

COMMAND_S = 60.0
"""How long one command may take."""

_POLL_S = 0.05
_GRACE_S = 0.5
"""Shorter than a run waits for its boards at its end."""
_SAID_BYTES = 300


class PowerError(RigError):
    """A power switch did not do what its command is for."""


def cycle(power: Power, sleep: Callable[[float], None] = time.sleep) -> None:
    """Switch the board off and on again. `sleep` may raise to end it: a running command is killed.

    Raises PowerError when a command cannot be started, fails or takes longer than COMMAND_S.
    """
    for step in steps(power):
        if isinstance(step, float):
            sleep(step)
        else:
            _run(step, sleep)


def steps(power: Power) -> Iterator[tuple[str, ...] | float]:
    """What a power cycle is made of: commands, and pauses in seconds."""
    if power.place:
        yield ("labgrid-client", "-p", power.place, "power", "cycle")
    elif power.cycle:
        yield power.cycle
    else:
        yield power.off
        yield power.off_s
        yield power.on


def _run(words: Sequence[str], sleep: Callable[[float], None]) -> None:
    with tempfile.TemporaryFile() as output:
        try:
            # No shell: the words are the arguments as they stand.
            child = subprocess.Popen(
                list(words), stdin=subprocess.DEVNULL, stdout=output, stderr=output, **apart()
            )
        except (OSError, ValueError) as error:
            raise PowerError(
                f"The power switch cannot be used: {command(*words)}: {error}",
                "Type the command yourself: does it need another path, sudo or an udev rule?",
            ) from error
        try:
            _wait(child, words, sleep)
        except BaseException:
            end(child, _GRACE_S)
            raise
        if child.returncode != 0:
            raise PowerError(
                f"The power switch failed with exit code {child.returncode}: {command(*words)}"
                f"{_said(output)}",
                "Type the command yourself: does it need another path, sudo or an udev rule?",
            )


def _wait(
    child: subprocess.Popen[bytes], words: Sequence[str], sleep: Callable[[float], None]
) -> None:
    deadline = time.monotonic() + COMMAND_S
    while child.poll() is None:
        if time.monotonic() > deadline:
            raise PowerError(
                f"The power switch has not ended within {COMMAND_S:g} s: {command(*words)}",
                "Type the command yourself: it must end, and ask for nothing.",
            )
        sleep(_POLL_S)


def _said(output: IO[bytes]) -> str:
    output.seek(0)
    text = output.read(_SAID_BYTES).decode("utf-8", "replace")
    words = "".join(char if char.isprintable() else " " for char in text).split()
    return f": {' '.join(words)}" if words else ""
