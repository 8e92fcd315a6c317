"""mcuzoo config: what is configured, and where."""

from __future__ import annotations

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
    from mcuzoo.cli.configured import WITHOUT, configurable, whole_source
    from mcuzoo.cli.output import print_json, tell, width
    from mcuzoo.config.shown import show_command, show_config
    from mcuzoo.report.config import config_document, config_text

    if command is not None and command not in configurable():
        guess = "" if command in WITHOUT else did_you_mean(command, configurable())
        raise UsageError(
            f"Nothing is configured for {command!r}.",
            f"{guess}mcuzoo --help lists the commands.",
        )
    source, known = whole_source(tell)
    if command is None:
        found = show_config(source, known)
    else:
        found = show_command(source, command, known[command])
    if json_output:
        print_json("config", config_document(found))
    else:
        sys.stdout.write(config_text(found, width()))
