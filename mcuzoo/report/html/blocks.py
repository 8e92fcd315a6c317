"""What a page is made of. One template draws every kind; all text is escaped there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

Tone = Literal["", "good", "bad", "warn", "soft"]


@dataclass(frozen=True)
class Text:
    """A paragraph.

    tone: see Tone; "" is plain.
    """

    text: str
    tone: Tone = ""
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Fact:
    """A name, what is known, and what a reader must know about it.

    name: what it is. value: as it is shown, with its unit. note: small, beside it. tone: of the
    value.
    """

    name: str
    value: str
    note: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Facts:
    """Names and values, one below the other.

    facts: in their order.
    """

    facts: tuple[Fact, ...]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Head:
    """A column. right: of numbers. name: over the column."""

    name: str
    right: bool = False


@dataclass(frozen=True)
class Cell:
    """order: what the column is sorted by, the text if None. bar: a share of 1, drawn before the
    text; mark: where a limit is on the bar's scale. shade: how dark the cell is, 0 to 1. tone: of
    the text."""

    text: str
    order: float | None = None
    bar: float | None = None
    mark: float | None = None
    tone: Tone = ""
    shade: float | None = None


def number(value: float | None, form: str = ",") -> Cell:
    """A cell of a number, sorted as one; "-" for None, below all numbers."""
    return Cell("-", -1e308) if value is None else Cell(format(value, form), float(value))


@dataclass(frozen=True)
class Table:
    """caption: what the rows are. bad: the rows that are told apart. left_out: a sentence about
    rows that are not here. heads: one per cell of a row. sortable: whether a reader may sort it by
    a column."""

    caption: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bad: frozenset[int] = frozenset()
    left_out: str = ""
    sortable: bool = True
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Svg:
    """A picture that is drawn. markup: of mcuzoo's own making, everything in it escaped; caption:
    the same in words. wide: it keeps its size and scrolls where a page is narrower."""

    markup: str
    caption: str = ""
    wide: bool = False
    kind: ClassVar[str] = "svg"


@dataclass(frozen=True)
class Row:
    """Blocks side by side, where there is room.

    blocks: from left to right.
    """

    blocks: tuple[Block, ...]
    kind: ClassVar[str] = "row"


@dataclass(frozen=True)
class Score:
    """share: of the bar, 0 to 1. name: of the class. text: the score as it is shown. tone: of the
    bar."""

    name: str
    text: str
    share: float
    tone: Tone = ""


@dataclass(frozen=True)
class Card:
    """An image of the data set. png: a data URI of the picture, width by height pixels; empty where
    there is none, and `absent` says why. name: the image's. facts: under the picture. scores: of
    the first classes."""

    name: str
    png: str
    width: int
    height: int
    absent: str
    facts: tuple[Fact, ...]
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True)
class Gallery:
    """Cards. left_out: a sentence about those that are not here. cards: in their order."""

    cards: tuple[Card, ...]
    left_out: str = ""
    kind: ClassVar[str] = "gallery"


@dataclass(frozen=True)
class Commands:
    """Lines to paste into a shell.

    lines: each a command of its own.
    """

    lines: tuple[str, ...]
    kind: ClassVar[str] = "commands"


Block = Text | Facts | Table | Svg | Row | Gallery | Commands


@dataclass(frozen=True)
class Section:
    """anchor: its place in the page's address. title: its heading. blocks: from top to bottom."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Part:
    """One of the things that can break. state: in a word; text: the evidence. name: as it is shown.
    tone: of the state."""

    name: str
    state: str
    tone: Tone
    text: str


@dataclass(frozen=True)
class Tile:
    """A figure that a reader looks for first.

    name: what it is. value: as it is shown, with its unit. note: small, under it.
    """

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """headline: a few words. reasons: sentences. passed: None where nothing was judged. warnings:
    sentences that change no verdict. next_step: the command to type."""

    passed: bool | None
    headline: str
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    next_step: str = ""


@dataclass(frozen=True)
class Page:
    """title: of the window. subject: what was judged, over the verdict. tiles: under the verdict.
    parts: the things that can break, with the state of each. sections: from top to bottom."""

    title: str
    subject: str
    verdict: Verdict
    tiles: tuple[Tile, ...] = ()
    parts: tuple[Part, ...] = ()
    sections: tuple[Section, ...] = field(default_factory=tuple)


def section(anchor: str, title: str, blocks: Sequence[Block | None]) -> Section | None:
    """A section of those blocks that are there; None without any."""
    there = tuple(block for block in blocks if block is not None)
    return Section(anchor, title, there) if there else None


def sections(found: Sequence[Section | None]) -> tuple[Section, ...]:
    """Those that are there."""
    return tuple(one for one in found if one is not None)
