"""Run the programs that flash a board, with a time limit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcuzoo.errors import ProbeError, command
from mcuzoo.processes import Answer, TimeLimitError, run_to_end


def find_tool(*names: str) -> str | None:
    """The path of the first of `names` that is on the PATH."""
    found = (shutil.which(name) for name in names)
    return next((path for path in found if path), None)


def ask_tool(
    words: Sequence[str] | str,
    limit_s: float,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Answer:
    """Run a program to its end, as run_to_end does.

    Raises ProbeError for a program that cannot be started or that is not done in time.
    """
    shown = _shown(words)
    try:
        return run_to_end(words, limit_s, folder, variables)
    except OSError as error:
        raise ProbeError(
            f"{shown} cannot be started: {error.strerror}.", "mcuzoo doctor shows the tools."
        ) from error
    except TimeLimitError as error:
        raise ProbeError(
            f"{shown} was not done within {limit_s:.0f} s, and was ended. "
            f"It said: {error.last_words or 'nothing'}",
            "Is the board powered and the probe free? --time-limit S gives it longer.",
        ) from None


def run_tool(
    words: Sequence[str] | str,
    limit_s: float,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> Answer:
    """As ask_tool, and raises ProbeError if the program fails."""
    shown = _shown(words)
    done = ask_tool(words, limit_s, folder, variables)
    if done.code:
        how = f"was ended by signal {-done.code}" if done.code < 0 else f"failed ({done.code})"
        said = f" It said: {done.last_words}" if done.last_words else " It said nothing."
        raise ProbeError(f"{shown} {how}.{said}", f"See what it says: {shown}")
    return done


def _shown(words: Sequence[str] | str) -> str:
    return words if isinstance(words, str) else command(*words)
