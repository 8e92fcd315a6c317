"""The exception tree: every error says what is wrong, where, and what to type next.

Exit codes: 0 pass, 1 a verdict failed and nothing else, 2 usage, bad input or what the system does
not let be read or written, 3 rig, 4 protocol, 5 toolchain or build, 70 a fault of mcuzoo, 130
interrupted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from os import PathLike, fspath
from typing import Any, ClassVar

from mcuzoo.quoting import shell

_PLAIN_ON_WINDOWS = re.compile(r"[A-Za-z0-9_+=:./\\-]+")


class McuzooError(Exception):
    """Base of every error a user can meet.

    `message` says what is wrong and where; `hint` is the next thing to do.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep message, hint and class when an error is pickled by a worker process."""
        return _restored, (type(self), self.args, dict(self.__dict__))

    def as_dict(self) -> dict[str, object]:
        """The error as `--json` prints it."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


def _restored(kind: type[McuzooError], args: tuple[Any, ...], state: dict[str, Any]) -> McuzooError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(McuzooError):
    """An option or argument that cannot be used as given."""


class InputError(McuzooError):
    """A file that is missing, unreadable or not what it should be."""


class MissingModelError(InputError):
    """A model of the zoo whose file is not on this machine."""


class FetchError(InputError):
    """A download that did not arrive, or is not what it should be."""


class BoardError(McuzooError):
    """A board file that is unknown, malformed or contradicts itself."""


class ModelError(McuzooError):
    """A model file that is damaged, hostile or not a TFLite model."""


class UnsupportedOpError(ModelError):
    """An op, type or option that the chosen runtime cannot run."""


class ProjectError(McuzooError):
    """A project folder that is missing, foreign or damaged."""


class DataSetError(InputError):
    """Images, manifests or labels that do not fit together."""


class MissingExtraError(McuzooError):
    """Optional packages are needed and not installed; the hint installs them (extras.py)."""


class VerdictError(McuzooError):
    """A check ran to its end and the answer is no."""

    exit_code = 1


class FitError(VerdictError):
    """The model does not fit the board's memory."""


class ModelRefusedError(VerdictError):
    """A board with a universal firmware got the model intact and cannot run it."""


class RigError(McuzooError):
    """The rig is at fault: the port, the cable, a silent board."""

    exit_code = 3


class PortError(RigError):
    """The port cannot be opened, or went away. `absent`: it is not there, and may (yet) come.
    `busy`: another program has it open."""

    absent = False
    busy = False


class FarmError(RigError):
    """A labgrid farm is at fault: no coordinator, no free place, an exporter that went away."""


class BoardSilentError(RigError):
    """The board does not answer."""


class BoardResetError(RigError):
    """The board restarted during a request."""


class ProbeError(RigError):
    """The debug probe, or the tool that drives it, is not there or failed."""


class FlashError(RigError):
    """The flash was not written, or does not read as it was written."""


class ProtocolError(McuzooError):
    """The other side answers, but not in this protocol or not truthfully."""

    exit_code = 4


class WrongFirmwareError(ProtocolError):
    """The board runs another model or build than the project."""


class FirmwareError(ProtocolError):
    """The firmware reported an error of its own (a fault, a failed inference)."""


class ToolchainError(McuzooError):
    """No compiler, or the compiler said no."""

    exit_code = 5


class EmulatorError(ToolchainError):
    """The emulated board met something it cannot or must not run."""


class InternalError(McuzooError):
    """A fault of mcuzoo itself: an exception that nobody expected.

    traceback: the file that has it, None where none could be written; text: what is in it.
    """

    exit_code = 70

    def __init__(self, what: str, traceback: str | None, text: str) -> None:
        where = "no file could be written for it" if traceback is None else f"it is in {traceback}"
        super().__init__(
            f"a fault of mcuzoo, not of what you gave it: {what}. What this command was to do is "
            f"not finished. The traceback says where it happened; {where}.",
            "please report the command that you typed together with that text; mcuzoo --version "
            "tells the version.",
        )
        self.traceback = traceback
        self.text = text

    def as_dict(self) -> dict[str, object]:
        return {**super().as_dict(), "traceback": self.traceback}


class InterruptedRunError(McuzooError):
    """Ctrl-C."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("Interrupted.", "Type the command again.")

    def as_dict(self) -> dict[str, object]:
        return {**super().as_dict(), "error": "Interrupted"}


class InterruptedFlashError(InterruptedRunError):
    """Ctrl-C while the flash was being written."""

    def __init__(self, message: str, hint: str) -> None:
        McuzooError.__init__(self, message, hint)


def command(*words: str | PathLike[str]) -> str:
    """`words` as a line that can be pasted: each is quoted where it must be, for a POSIX shell, or
    on Windows for cmd and PowerShell."""
    quote = _windows_word if sys.platform == "win32" else shell
    return " ".join(quote(fspath(word)) for word in words)


def _windows_word(word: str) -> str:
    """Quote a word as C programs on Windows read it: a backslash is special only before a quote."""
    if _PLAIN_ON_WINDOWS.fullmatch(word):
        return word
    doubled = re.sub(r'(\\*)(?="|$)', r"\1\1", word)
    return '"' + doubled.replace('"', '\\"') + '"'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`"Did you mean 'rt1170'? "` when something close is known, else an empty string."""
    from difflib import get_close_matches

    close = get_close_matches(word.lower(), list(known), n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}? " if close else ""
