"""mcuzoo config: what is configured, and where."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.options import Argument

EXAMPLES: tuple[tuple[str, ...], ...] = (
    (),
    ("run-serial",),
)


@takes()
def config(
    command: Annotated[
        str | None, Argument("Show what this command takes if nothing is typed.", metavar="COMMAND")
    ] = None,
    json_output: Json = False,
) -> None:
    """A value comes from the command line; else from a variable MCUZOO_...; else from mcuzoo.toml;
    else it is the default. Checks all of the file: exits 2 for one with mistakes, each with its
    line."""
    from mcuzoo.cli.configured import WITHOUT
    from mcuzoo.cli.output import print_json, tell, width
    from mcuzoo.cli.program import COMMANDS, command_of
    from mcuzoo.config.shown import show_command, show_config
    from mcuzoo.config.source import read_source
    from mcuzoo.report.config import config_document, config_text

    known = {name: command_of(name).parameters for name in COMMANDS if name not in WITHOUT}
    if command is not None and command not in known:
        guess = "" if command in WITHOUT else did_you_mean(command, known)
        raise UsageError(
            f"Nothing is configured for {command!r}.",
            f"{guess}mcuzoo --help lists the commands.",
        )
    source = read_source(os.environ, tell)
    if source.place is not None:
        source.check(known, known)
    if command is None:
        found = show_config(source, known)
    else:
        found = show_command(source, command, known[command])
    if json_output:
        print_json("config", config_document(found))
    else:
        sys.stdout.write(config_text(found, width()))
