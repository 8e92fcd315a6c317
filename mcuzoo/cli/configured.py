"""What mcuzoo.toml and the environment say of a command that was typed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mcuzoo.errors import InputError, McuzooError, UsageError, command

if TYPE_CHECKING:
    from mcuzoo.cli.options import Command
    from mcuzoo.config.apply import Configured
    from mcuzoo.config.parameters import Parameter
    from mcuzoo.config.source import Source

WITHOUT = frozenset(("completion", "config", "init"))
"""Commands that nothing is configured for."""


def configurable() -> list[str]:
    """The commands that something may be configured for."""
    from mcuzoo.cli.commands import COMMANDS

    return [name for name in COMMANDS if name not in WITHOUT]


def configured_for(name: str, known: Command, words: Sequence[str]) -> Configured | None:
    """What is said of the command `name`. None for one that wants its help, which a wrong file must
    not prevent, and for doctor, which tells of it. Raises InputError, UsageError."""
    options = words[: words.index("--")] if "--" in words else words
    if name in WITHOUT or "--help" in options or "-h" in options:
        return None
    from mcuzoo.cli.output import tell
    from mcuzoo.config.apply import Configured
    from mcuzoo.config.source import read_source

    try:
        source = read_source(os.environ, tell)
        if source.place is not None:
            source.check(configurable())
        _warn_of_unread(name, known, tell)
        return Configured(name, source.layers(name, known.parameters))
    except (InputError, UsageError):
        if name == "doctor":
            return None
        raise


def _warn_of_unread(name: str, known: Command, tell: Callable[[str], None]) -> None:
    """Of variables that are probably meant to say something of this command."""
    from mcuzoo.config.source import variable_of
    from mcuzoo.config.variables import unread_variables

    others = [variable_of(one, "") for one in configurable() if one != name]
    for variable, meant in unread_variables(os.environ, {name: known.parameters}):
        if meant is not None and not variable.startswith(tuple(others)):
            tell(f"warning: mcuzoo reads no {variable}; did you mean {meant}?")


def whole_source(
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[Source, dict[str, Sequence[Parameter]]]:
    """What is said, with all of the file checked; and the parameters of each command that takes
    something of it. Names variables that nothing reads. Raises InputError, UsageError."""
    from mcuzoo.cli.commands import command_of
    from mcuzoo.config.source import read_source
    from mcuzoo.config.variables import unread_variables

    known: dict[str, Sequence[Parameter]] = {
        name: command_of(name).parameters for name in configurable()
    }
    source = read_source(os.environ, tell)
    if source.place is not None:
        source.check(known, known)
    for variable, meant in unread_variables(os.environ, known):
        guess = "" if meant is None else f"; did you mean {meant}?"
        tell(f"warning: mcuzoo reads no {variable}{guess}")
    return source, known


@contextmanager
def with_origin(name: str, configured: Configured | None) -> Iterator[None]:
    """Say in the hint of an error what of it nobody has typed."""
    try:
        yield
    except McuzooError as error:
        if configured is None or error.exit_code != UsageError.exit_code:
            raise
        said = configured.said(f"{error.message} {error.hint}")
        if said:
            keys = ", ".join(f"{one.key} ({one.origin})" for one in said)
            error.hint += f"\nConfigured: {keys}. {command('mcuzoo', 'config', name)} shows all."
        raise
