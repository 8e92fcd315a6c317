"""Do what was typed."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress

from mcuzoo import __version__
from mcuzoo.cli.commands import COMMANDS, command_of, examples_of
from mcuzoo.cli.output import width
from mcuzoo.errors import UsageError, did_you_mean


def run_command(arguments: Sequence[str]) -> int:
    """Do what was typed; the exit code. Raises McuzooError, SystemExit, and whatever the command
    does."""
    if not arguments:
        print(program_help(), file=sys.stderr)
        raise UsageError(
            "no command was named.",
            "mcuzoo demo runs everything once; mcuzoo --help lists the commands.",
        )
    name, *words = arguments
    if name in COMMANDS:
        from mcuzoo.cli.configured import configured_for, with_origin
        from mcuzoo.cli.parse import HelpShown, parse

        known = command_of(name)
        configured = configured_for(name, known, words)
        with suppress(HelpShown), with_origin(name, configured):
            values = parse(name, known, words, COMMANDS[name], examples_of(name), configured)
            known(**values)
    elif name in ("-h", "--help"):
        print(program_help(), end="")
    elif name == "--version":
        print(f"mcuzoo {__version__}")
    elif name == "__complete":
        from mcuzoo.cli.complete import answer_lines

        print(*answer_lines(words), sep="\n")
    elif name.startswith("-"):
        raise UsageError(
            f"there is no option {name}.",
            "The options of a command follow its name: mcuzoo --help lists the commands.",
        )
    else:
        raise UsageError(
            f"There is no command {name!r}.",
            f"{did_you_mean(name, COMMANDS)}mcuzoo --help lists them.",
        )
    return 0


def program_help() -> str:
    """The list of commands, at most 80 columns wide; quick, because no parser is loaded."""
    wide = max(map(len, COMMANDS)) + 4
    lines = [
        "Usage: mcuzoo [OPTIONS] COMMAND [ARGS]...",
        "",
        "  From the eIQ Model Zoo to a proven i.MX RT board.",
        "",
        "Options:",
        "  --version   Print version.",
        "  -h, --help  Show this message and exit.",
        "",
        "Commands:",
    ]
    for name, sentence in COMMANDS.items():
        lines += textwrap.wrap(
            sentence,
            max(wide + 20, min(width(), 80) - 2),
            initial_indent=f"  {name}".ljust(wide),
            subsequent_indent=" " * wide,
            break_on_hyphens=False,
        )
    return "\n".join(lines) + "\n"
