"""Report a fault of mcuzoo: write the traceback to a file, and name the file in the message."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mcuzoo import __version__
from mcuzoo.errors import InternalError, command
from mcuzoo.files import write_whole


def crash_report(error: BaseException) -> InternalError:
    """Write the traceback to a file in the user's state folder, or else in the temporary folder.

    If neither can be written, the error carries the text.
    """
    text = (
        f"mcuzoo {__version__}, Python {sys.version}, {sys.platform}\n"
        f"{command(*sys.argv)}\nin {_folder_here()}\n\n"
        + "".join(traceback.format_exception(type(error), error, error.__traceback__))
    )
    what = f"{type(error).__name__}: {error}".strip().rstrip(":.")
    path = _written(text.encode("utf-8", errors="backslashreplace"))
    return InternalError(_one_line(what), None if path is None else str(path), text)


def _written(content: bytes) -> Path | None:
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / name, content)
            return folder / name
        except (OSError, ValueError):
            continue
    return None


def _folders() -> Iterator[Path]:
    with suppress(Exception):  # it is about another fault, which this one must not hide
        from platformdirs import user_state_path

        yield user_state_path("mcuzoo", appauthor=False) / "crashes"
    with suppress(OSError):
        yield Path(tempfile.gettempdir())


def _folder_here() -> str:
    try:
        return str(Path.cwd())
    except OSError as error:
        return f"a folder that is gone ({error.strerror})"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:300] + " ..."
