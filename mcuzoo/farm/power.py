"""Switch a board off and on by what labgrid has for its place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mcuzoo.errors import FarmError, command
from mcuzoo.farm.owner import Owner
from mcuzoo.processes import apart

POWER_S = 120.0
"""A strategy may wait for a bootloader."""

_NO_POWER = "no compatible resource"
"""What labgrid-client says of a place without power switch."""


def cycle_power(owner: Owner, place: str, environment: Path | None, state: str | None) -> bool:
    """Switch the board of an acquired place off and on; False if labgrid knows no way to.

    It is labgrid-client that does it, in a process of its own: drivers of labgrid ask, wait and
    start programs as they like. environment: its file of drivers and strategies. state: what the
    strategy of that file brings the board to instead; a strategy switches the power by itself.
    Raises FarmError if that failed or took longer than POWER_S.
    """
    words = ["-x", owner.coordinator, "-p", place]
    if environment is not None:
        words += ["-c", str(environment)]
    # `power on` does nothing to a board that the strategy has just brought up.
    words += ["power", "cycle"] if state is None else ["-s", state, "power", "on"]
    typed = command("labgrid-client", *words)
    known = {**os.environ, "LG_HOSTNAME": owner.host, "LG_USERNAME": owner.user}
    for variable in ("LG_ENV", "LG_STATE", "LG_INITIAL_STATE", "LG_PLACE"):
        known.pop(variable, None)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "labgrid.remote.client", *words],
            env=known,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=POWER_S,
            **apart(),
        )
    except subprocess.TimeoutExpired:
        raise FarmError(
            f"Switching the power of {place} took longer than {POWER_S:g} s.", f"Try: {typed}"
        ) from None
    if done.returncode == 0:
        return True
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    if _NO_POWER in done.stderr and environment is None:
        return False
    raise FarmError(
        f"Switching the power of {place} failed: {said[-1].rstrip('.') if said else 'no reason'}.",
        f"Try: {typed}",
    )
