"""Switch a board off and on by the commands of its rig file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from mcuzoo.errors import RigError, command
from mcuzoo.processes import Answer, TimeLimitError, run_to_end
from mcuzoo.rig.boards import Power

COMMAND_S = 60.0
"""How long one command may take."""

_GRACE_S = 0.5
"""Shorter than a run waits for its boards at its end."""
_SAID = 300
"""So many characters of what a failed command said are shown."""


class PowerError(RigError):
    """A power switch did not do what its command is for."""


def cycle(power: Power, sleep: Callable[[float], None] = time.sleep) -> None:
    """Switch the board off and on again. `sleep` may raise to end it, with a running command.

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
    try:
        # No shell: the words are the arguments as they stand.
        done = run_to_end(list(words), COMMAND_S, pause=sleep, grace_s=_GRACE_S)
    except (OSError, ValueError) as error:
        raise PowerError(
            f"The power switch cannot be used: {command(*words)}: {error}",
            "Type the command yourself: does it need another path, sudo or a udev rule?",
        ) from error
    except TimeLimitError:
        raise PowerError(
            f"The power switch has not ended within {COMMAND_S:g} s: {command(*words)}",
            "Type the command yourself: it must end, and ask for nothing.",
        ) from None
    if done.code != 0:
        raise PowerError(
            f"The power switch failed with exit code {done.code}: {command(*words)}{_said(done)}",
            "Type the command yourself: does it need another path, sudo or a udev rule?",
        )


def _said(done: Answer) -> str:
    text = done.said[:_SAID]
    words = "".join(char if char.isprintable() else " " for char in text).split()
    return f": {' '.join(words)}" if words else ""
