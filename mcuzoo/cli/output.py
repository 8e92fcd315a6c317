"""How wide the output may be, whether it may have colours, and where it goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from typing import Any, TextIO

from mcuzoo.prose import wrapped_line
from mcuzoo.quoting import printable_lines

_NARROWEST = 20


def width() -> int:
    """Columns: those of the terminal, or $COLUMNS, or 80."""
    from shutil import get_terminal_size

    return max(get_terminal_size((80, 24)).columns, _NARROWEST)


def may_color() -> bool:
    """Whether stdout is a terminal that takes colours and nobody has said no (no-color.org)."""
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") not in ("", "dumb")
    )


def summary_aside(to_stdout: bool) -> AbstractContextManager[object]:
    """Send printed text to stderr within the block if an output file of the user goes to stdout."""
    return redirect_stdout(sys.stderr) if to_stdout else nullcontext()


def print_json(name: str, document: Mapping[str, object], indent: int | None = 2) -> None:
    """Print a document of --json, with the name of its schema. name: one of
    report.schemas.VERSIONS. indent None: on one line."""
    import json

    from mcuzoo.report.schemas import labelled

    print(json.dumps(labelled(name, document), indent=indent), flush=True)


def tell(text: str) -> None:
    """Print a sentence to stderr. It may quote anybody's names: no control characters get there."""
    print(printable_lines(text), file=sys.stderr)


class Wrapping:
    """A text stream that breaks long lines between words.

    Lines with a command to paste, and pictures made of colours, stay as they are.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        whole, newline, rest = (self._line + text).rpartition("\n")
        self._line = rest
        if newline:
            columns = width()
            lines = (wrapped_line(line, columns) for line in whole.split("\n"))
            self._stream.write("".join(f"{line}\n" for line in lines))
        return len(text)

    def flush(self) -> None:
        self._stream.write(self._line)
        self._line = ""
        self._stream.flush()
