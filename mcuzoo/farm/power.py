"""Switch a board off and on by what labgrid has for its place."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mcuzoo.errors import FarmError, command
from mcuzoo.farm.owner import Owner
from mcuzoo.processes import apart, end

POWER_S = 120.0
"""A strategy may wait for a bootloader."""
_POLL_S = 0.05
_SAID_BYTES = 10_000

_NO_POWER = "no compatible resource"
"""What labgrid-client says of a place without power switch."""


def power_words(place: str, environment: Path | None, state: str | None) -> list[str]:
    """The arguments of labgrid-client that switch the board of an acquired place off and on.

    environment: a file of drivers and strategies. state: what the strategy of that file brings the
    board to instead; a strategy switches the power by itself.
    """
    words = ["-p", place]
    if environment is not None:
        words += ["-c", str(environment)]
    # `power on` does nothing to a board that the strategy has just brought up.
    return [*words, "power", "cycle"] if state is None else [*words, "-s", state, "power", "on"]


def cycle_power(owner: Owner, words: Sequence[str], check: Callable[[], None]) -> bool:
    """Let labgrid-client do what `words` say; False if labgrid knows no way to.

    It is a process of its own: drivers of labgrid ask, wait and start programs as they like. check:
    is called all the time; when it raises, the process is left to finish, so that the board does
    not stay switched off. Raises FarmError if it failed or took longer than POWER_S.
    """
    words = ["-x", owner.coordinator, *words]
    typed = command("labgrid-client", *words)
    known = {**os.environ, "LG_HOSTNAME": owner.host, "LG_USERNAME": owner.user}
    for variable in ("LG_ENV", "LG_STATE", "LG_INITIAL_STATE", "LG_PLACE"):
        known.pop(variable, None)
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "labgrid.remote.client", *words],
            env=known,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **apart(),
        )
        deadline = time.monotonic() + POWER_S
        while child.poll() is None:
            if time.monotonic() > deadline:
                end(child)
                raise FarmError(
                    f"Switching the power took longer than {POWER_S:g} s.", f"Try: {typed}"
                )
            check()
            time.sleep(_POLL_S)
        output.seek(0)
        said = output.read(_SAID_BYTES).decode("utf-8", "replace")
    if child.returncode == 0:
        return True
    if _NO_POWER in said and "-c" not in words:
        return False
    last = next(reversed(said.split("\n")[:-1]), "it does not say why").strip().rstrip(".")
    raise FarmError(f"Switching the power failed: {last}.", f"Try: {typed}")
