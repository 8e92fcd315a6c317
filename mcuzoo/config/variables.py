"""Variables that begin with MCUZOO_ and that nothing reads: probably typing errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from mcuzoo.config.find import VARIABLE
from mcuzoo.config.keys import BUDGETS_TABLE, PREFIX
from mcuzoo.config.parameters import Parameter
from mcuzoo.config.source import (
    budget_parameters,
    has_key,
    key_of,
    shared_parameters,
    variable_of,
)

_OF_PROGRAMS_AND_FOLDERS = (
    "DATA", "FLASHLOADER", "GCC", "LINUX_GCC", "MODELS", "PORTS", "SSH", "VELA", "ZIG",
)  # fmt: skip
OTHERS = (
    VARIABLE,
    *(PREFIX + name for name in _OF_PROGRAMS_AND_FOLDERS),
)
"""Variables without a key in mcuzoo.toml."""

_CLOSE = 0.7


def unread_variables(
    environment: Mapping[str, str], commands: Mapping[str, Sequence[Parameter]]
) -> Iterator[tuple[str, str | None]]:
    """Of each variable that nothing reads its name, and the one that is probably meant, or None.

    commands: those whose variables count, with their parameters.
    """
    ours = [name for name, value in environment.items() if name.startswith(PREFIX) and value]
    if not ours:
        return
    known = {*OTHERS, *map(variable_of, shared_parameters())}
    known |= {variable_of(BUDGETS_TABLE, name) for name in budget_parameters()}
    for command, parameters in commands.items():
        known |= {variable_of(command, key_of(one)) for one in parameters if has_key(one)}
    for name in sorted(ours):
        if name not in known:
            behind = [one.removeprefix(PREFIX) for one in sorted(known)]
            close = get_close_matches(name.removeprefix(PREFIX), behind, n=1, cutoff=_CLOSE)
            yield name, PREFIX + close[0] if close else None
