"""What mcuzoo.toml and the environment say of a command that was typed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mcuzoo.errors import McuzooError, UsageError, command

if TYPE_CHECKING:
    from mcuzoo.cli.options import Command
    from mcuzoo.config.apply import Configured

WITHOUT = frozenset(("completion", "config", "init"))
"""Commands that nothing is configured for."""


def configured_for(name: str, known: Command, words: Sequence[str]) -> Configured | None:
    """What is said of the command `name`. None for one that wants its help, which a wrong file must
    not prevent. Raises InputError, UsageError."""
    options = words[: words.index("--")] if "--" in words else words
    if name in WITHOUT or "--help" in options or "-h" in options:
        return None
    from mcuzoo.cli.output import tell
    from mcuzoo.cli.program import COMMANDS
    from mcuzoo.config.apply import Configured
    from mcuzoo.config.source import read_source

    source = read_source(os.environ, tell)
    if source.place is not None:
        source.check([one for one in COMMANDS if one not in WITHOUT])
    return Configured(name, source.layers(name, known.parameters))


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
