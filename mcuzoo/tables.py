"""Tables that fit the available width and lose nothing: cells without room go below their row."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mcuzoo.quoting import printable

_GAP = "  "
_INDENT = "    "
_LEAST = 12
_BAD, _END = "\x1b[1;31m", "\x1b[0m"


@dataclass(frozen=True)
class Column:
    """right: alignment. rank: 0 stays in the row; of a long row the highest rank leaves first.

    wraps: text that may take several lines, in the room that the others leave.
    """

    heading: str
    right: bool = False
    rank: int = 0
    wraps: bool = False


def table_text(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int,
    bad: Collection[int] = (),
    color: bool = False,
) -> str:
    """Headings, a rule and the rows, no line longer than `width` columns; ends with a newline.
    Without control characters in what the cells say.

    Cells that leave a row follow it, indented, as "heading value"; empty ones are left out. bad:
    the rows that are red where there is colour.
    """
    rows = [[printable(cell) for cell in row] for row in rows]
    shown = _in_the_row(columns, rows, width)
    sizes = _sizes(columns, rows, shown, width)
    lines = _lines([columns[at].heading for at in shown], columns, shown, sizes)
    lines.append(_GAP.join("-" * size for size in sizes))
    below = [at for at in range(len(columns)) if at not in shown]
    for number, row in enumerate(rows):
        of_row = _lines([row[at] for at in shown], columns, shown, sizes)
        told = "; ".join(f"{columns[at].heading} {row[at]}".strip() for at in below if row[at])
        of_row += _wrapped(told, width, _INDENT) if told else []
        if color and number in bad:
            of_row = [f"{_BAD}{line}{_END}" for line in of_row]
        lines += of_row
    return "".join(f"{line}\n" for line in lines)


def columns_of(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _in_the_row(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The columns that have room side by side; the first always does."""
    shown = list(range(len(columns)))
    while len(shown) > 1 and _least(columns, rows, shown) > width:
        rank = max(columns[at].rank for at in shown[1:])
        leaves = [at for at in shown[1:] if columns[at].rank == rank]
        shown = [at for at in shown if at not in (leaves if rank else leaves[-1:])]
    return shown


def _least(columns: Sequence[Column], rows: Sequence[Sequence[str]], shown: list[int]) -> int:
    sizes = (
        min(_widest(columns, rows, at), 2 * _LEAST) if columns[at].wraps else
        _widest(columns, rows, at)
        for at in shown
    )  # fmt: skip
    return sum(sizes) + len(_GAP) * (len(shown) - 1)


def _widest(columns: Sequence[Column], rows: Sequence[Sequence[str]], at: int) -> int:
    return max(map(columns_of, (columns[at].heading, *(row[at] for row in rows))))


def _sizes(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], shown: list[int], width: int
) -> list[int]:
    sizes = [_widest(columns, rows, at) for at in shown]
    over = sum(sizes) + len(_GAP) * (len(shown) - 1) - width
    wrapping = [place for place, at in enumerate(shown) if columns[at].wraps] or [0]
    for place in reversed(wrapping):
        less = min(max(over, 0), max(sizes[place] - _LEAST, 0))
        sizes[place] -= less
        over -= less
    return sizes


def _lines(
    cells: Sequence[str], columns: Sequence[Column], shown: list[int], sizes: list[int]
) -> list[str]:
    parts = [_wrapped(cell, size) or [""] for cell, size in zip(cells, sizes, strict=True)]
    lines = []
    for level in range(max(map(len, parts))):
        texts = (part[level] if level < len(part) else "" for part in parts)
        padded = (
            " " * (size - columns_of(text)) + text
            if columns[at].right
            else text + " " * (size - columns_of(text))
            for text, at, size in zip(texts, shown, sizes, strict=True)
        )
        lines.append(_GAP.join(padded).rstrip())
    return lines


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    if columns_of(text) + len(indent) <= width:
        return [indent + text] if text else []
    return textwrap.wrap(
        text,
        max(width, len(indent) + 1),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
