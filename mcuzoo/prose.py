"""Lines of prose in a given number of columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

_VERBATIM = re.compile(r"\s*(next|hint): |.*\x1b")
_LABEL = re.compile(r"\s*(\S+ )*\S+ {2,}(?=\S)")


def wrapped(lines: Iterable[str], columns: int) -> str:
    """`lines`, which may be several each, broken where they are too long; ends with a newline."""
    every = (one for line in lines for one in line.split("\n"))
    return "".join(f"{wrapped_line(one, columns)}\n" for one in every)


def wrapped_line(line: str, columns: int) -> str:
    """`line`, broken where it is longer than `columns`; what follows a label stays right of it."""
    if len(line) <= columns or _VERBATIM.match(line):
        return line
    label = _LABEL.match(line)
    indent = len(line) - len(line.lstrip()) + 2
    if label and len(label[0]) <= columns // 3:
        indent = len(label[0])
    return textwrap.fill(
        line,
        columns,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
