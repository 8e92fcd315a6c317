"""`load_config`: the configuration for programs, typed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mcuzoo.budgets import BudgetOptions
from mcuzoo.config.apply import Configured
from mcuzoo.config.find import VARIABLE
from mcuzoo.config.keys import SharedKeys
from mcuzoo.config.parameters import parameters_of
from mcuzoo.config.source import Source, read_source

Options = TypeVar("Options")

_COMMANDS = {"MeasureOptions": "fit", "RunOptions": "run-serial", "BoardOptions": "run-serial"}


@dataclass(frozen=True, kw_only=True)
class Config(SharedKeys):
    """What mcuzoo.toml and MCUZOO_* say; a field is None, or (), where they say nothing.

    path: the file; None: there is none. budgets: as `[budgets]` has them. `options` makes the
    options object of a function. docs/config.md has all keys.
    """

    path: Path | None = None
    budgets: BudgetOptions = field(default_factory=BudgetOptions)
    _source: Source = field(
        default_factory=lambda: Source(None, "", {}, {}), repr=False, compare=False
    )

    def options(self, kind: type[Options], **given: Any) -> Options:
        """An options object: what is given, else what is configured for its command, else defaults.

        kind: ExportOptions, RunOptions, ... given: its fields by name, as if they were typed.
        Raises InputError for a mistake in the table of the command, UsageError for a variable.
        """
        command = _command_of(kind)
        parameters = parameters_of(kind)
        configured = Configured(command, self._source.layers(command, parameters))
        found = {one.name: one.default for one in parameters} | given
        configured.fill(found, given.keys())
        return kind(**{one.name: found[one.name] for one in parameters})


def load_config(
    path: str | os.PathLike[str] | None = None, *, environment: Mapping[str, str] | None = None
) -> Config:
    """The configuration that counts in the working folder, or that of the file at `path`.

    The environment counts more than the file; a mapping in its place, if given, such as {}. Raises
    InputError that names file, line and key of all mistakes; UsageError for a variable.
    """
    variables = dict(os.environ if environment is None else environment)
    if path is not None:
        variables[VARIABLE] = os.fspath(path)
    source = read_source(variables)
    if source.place is not None:
        source.check(None)
    shared = {name: one.value for name, one in source.shared().items()}
    budgets = BudgetOptions(**{name: one.value for name, one in source.budgets().items()})
    return Config(**shared, path=source.path, budgets=budgets, _source=source)


def _command_of(kind: type[Any]) -> str:
    """The command of an options class: doctor-data of DoctorDataOptions."""
    name = kind.__name__
    words = re.findall("[A-Z][a-z]*", name.removesuffix("Options"))
    return _COMMANDS.get(name, "-".join(words).lower())
