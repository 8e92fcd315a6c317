"""Help, in the columns of the terminal, 80 at the most."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mcuzoo.cli.output import width
from mcuzoo.errors import command

if TYPE_CHECKING:
    from mcuzoo.cli.options import Command, Parameter

_MOST, _LEAST = 80, 40
_WIDEST_TERM = 26
Entry = tuple[str, str]


def command_help(name: str, summary: str, known: Command, examples: Sequence[Sequence[str]]) -> str:
    """Of one command: usage, what it does, its parameters with their defaults, examples."""
    arguments = [one for one in known.parameters if one.is_argument]
    usage = " ".join(["mcuzoo", name, "[OPTIONS]", *map(_in_usage, arguments)])
    options = [one for one in known.parameters if not one.is_argument]
    sections = [
        f"Usage: {usage}\n",
        "\n".join(_paragraphs(f"{summary}\n\n{known.more or ''}")),
        _section("Arguments", [(one.metavar, _meaning(one)) for one in arguments]),
        _section(
            "Options",
            [
                *((_term(one), _meaning(one)) for one in options),
                ("-h, --help", "Show this message and exit."),
            ],
        ),
        "Examples:\n" + "".join(f"  {command('mcuzoo', name, *words)}\n" for words in examples),
    ]
    return "\n".join(section for section in sections if section)


def program_help(commands: dict[str, str]) -> str:
    """Of the whole: its commands with a sentence each."""
    return "\n".join(
        [
            "Usage: mcuzoo [OPTIONS] COMMAND [ARGS]...\n",
            "\n".join(_paragraphs("From the eIQ Model Zoo to a proven i.MX RT board.")),
            _section(
                "Options",
                [("--version", "Print version."), ("-h, --help", "Show this message and exit.")],
            ),
            _section("Commands", list(commands.items())),
        ]
    )


def _columns() -> int:
    return max(_LEAST, min(width(), _MOST)) - 2


def _in_usage(one: Parameter) -> str:
    many = "..." if one.many else ""
    return f"{one.metavar}{many}" if one.required else f"[{one.metavar}]{many}"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield f"{_filled(' '.join(paragraph.split()), '  ', '  ')}\n"


def _term(one: Parameter) -> str:
    names = ", ".join(sorted(one.flags, key=len))
    off = "" if one.off is None else f"/{one.off}"
    return f"{names}{off} {one.metavar}".rstrip()


def _meaning(one: Parameter) -> str:
    """The sentence, and in brackets what holds where nothing is typed and what is demanded."""
    notes = []
    if one.meant.variable is not None:
        notes.append(f"[${one.meant.variable}]")
    if one.required and not one.is_argument:
        notes.append("[required]")
    elif not one.required and one.default not in (None, False, ()):
        shown = one.shown.removeprefix("--") if one.kind is bool else one.default
        notes.append(f"[default: {shown}]")
    if one.meant.min is not None:
        notes.append(f"[at least {one.meant.min:g}]")
    return " ".join([one.meant.help, *notes])


def _section(title: str, entries: Sequence[Entry]) -> str:
    if not entries:
        return ""
    wide = min(_WIDEST_TERM, max(len(term) for term, _ in entries))
    return f"{title}:\n" + "".join(_entry(term, text, wide) for term, text in entries)


def _entry(term: str, text: str, wide: int) -> str:
    beside = " " * (wide + 4)
    if len(term) > wide:
        return f"  {term}\n{_filled(text, beside, beside)}\n"
    return f"{_filled(text, f'  {term:<{wide}}  ', beside)}\n"


def _filled(text: str, first: str, rest: str) -> str:
    return textwrap.fill(
        text,
        _columns(),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
