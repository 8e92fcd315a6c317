"""Arm's compiler Vela as a program: where it is, which version, and one run of it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mcuzoo.errors import ToolchainError, UsageError, command
from mcuzoo.extras import VELA, install_command, missing_error, missing_packages
from mcuzoo.processes import Answer, TimeLimitError, run_to_end
from mcuzoo.quoting import printable

VARIABLE = "MCUZOO_VELA"
_MODULE = "ethosu.vela"
_VERSION = re.compile(r"^(\d+\.\d+[0-9A-Za-z.+-]{0,60})\s*$", re.MULTILINE)
_VERSION_LIMIT_S = 60.0
_SHOWN_CHARS = 400
# Some of its tables are sets of texts: with one seed it writes the same file every time.
_SETTINGS = {"PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"}


def vela_command(program: Path | None = None) -> tuple[str, ...]:
    """The words that start Vela: `program`, else what MCUZOO_VELA names, else the package in this
    Python, else `vela` on the PATH.

    Raises UsageError if the named program is not there, MissingExtraError if there is none.
    """
    named = os.fspath(program) if program is not None else os.environ.get(VARIABLE, "")
    if named:
        found: str | None = shutil.which(str(Path(named).expanduser()))
        if found is None:
            who = "--vela-program" if program is not None else VARIABLE
            raise UsageError(
                f"{who}: there is no program {named!r}.",
                f"Name Vela's program, or leave it out after: {install_command([VELA])}",
            )
        return (str(Path(found).absolute()),)
    if not missing_packages([VELA]):
        return (sys.executable, "-m", _MODULE)
    on_path = shutil.which("vela")
    if on_path is None:
        raise missing_error([VELA], "Compiling for an Ethos-U NPU")
    return (str(Path(on_path).absolute()),)


@cache
def vela_version(words: tuple[str, ...]) -> str:
    """The version that the program states. Raises ToolchainError."""
    done = _asked((*words, "--version"), None, _VERSION_LIMIT_S)
    found = _VERSION.search(done.said)
    if done.code or found is None:
        said = own_words(done.said) or "nothing"
        raise ToolchainError(
            f"{command(*words)} is not Vela, or does not run: asked for its version, it said: "
            f"{said}",
            f"{install_command([VELA])} brings one.",
        )
    return found[1]


def run_vela(words: Sequence[str], folder: Path, limit_s: float) -> str:
    """Run Vela in `folder`; what it said, the last MiB of it.

    Raises ToolchainError with Vela's own words if it fails, or is not done in `limit_s` seconds.
    """
    done = _asked(words, folder, limit_s)
    if done.code:
        how = f"was ended by signal {-done.code}" if done.code < 0 else f"failed ({done.code})"
        raise ToolchainError(
            f"Vela {how}: {own_words(done.said) or 'it said nothing'}",
            "Another version of Vela may take the model: --vela-program names one.",
        )
    return done.said


def own_words(said: str) -> str:
    """What a failed run says of its fault, on one line: its error, or the end of a traceback."""
    lines = [printable(line.strip()) for line in said.splitlines() if line.strip()]
    first = next((at for at, line in enumerate(lines) if line.startswith("Error")), None)
    told = lines[-1:] if first is None else lines[first:]
    return printable(" ".join(told), _SHOWN_CHARS)


def _asked(words: Sequence[str], folder: Path | None, limit_s: float) -> Answer:
    try:
        return run_to_end(words, limit_s, folder, _SETTINGS)
    except TimeLimitError as error:
        raise ToolchainError(
            f"Vela was not done within {limit_s:.0f} s, and was ended. It said: "
            f"{printable(error.last_words, _SHOWN_CHARS) or 'nothing'}",
            "--vela-time-limit S gives it longer.",
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ToolchainError(
            f"Vela cannot be started: {why or error}.", f"{install_command([VELA])} brings one."
        ) from error
