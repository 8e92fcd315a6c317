"""Each value of the configuration, and where it comes from: what `mcuzoo config` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mcuzoo.config.apply import Configured
from mcuzoo.config.keys import ONLY_TYPED
from mcuzoo.config.parameters import REQUIRED, Parameter
from mcuzoo.config.source import (
    ENVIRONMENT,
    Setting,
    Source,
    budget_parameters,
    has_key,
    key_of,
    shared_parameters,
)

SourceOf = Literal["environment", "file", "default", "nowhere"]


@dataclass(frozen=True)
class ShownValue:
    """name: a key, or what the command line calls it. value: None where nothing is said; of a
    command's argument that must be there, source is "nowhere" then. origin: the variable, or file
    and line; key: the key that says it, with its table; both "" for a default."""

    name: str
    value: Any
    source: SourceOf
    origin: str
    key: str


@dataclass(frozen=True)
class ShownConfig:
    """file: None: there is none. command: None: all keys that are said, and the shared ones."""

    file: Path | None
    command: str | None
    values: tuple[ShownValue, ...]


def show_config(source: Source, commands: Mapping[str, Sequence[Parameter]]) -> ShownConfig:
    """The shared keys, the budgets, and what tables and variables say of commands."""
    said = {**source.shared(), **{f"budgets.{k}": v for k, v in source.budgets().items()}}
    names = [*shared_parameters(), *(f"budgets.{name}" for name in budget_parameters())]
    values = [_shown(name, said.get(name)) for name in names]
    for command, parameters in commands.items():
        values += [_shown(one.key, one) for one in _of_tables(source, command, parameters)]
    return ShownConfig(source.path, None, tuple(values))


def show_command(source: Source, command: str, parameters: Sequence[Parameter]) -> ShownConfig:
    """What the command takes if nothing is typed, parameter by parameter."""
    configured = Configured(command, source.layers(command, parameters))
    found = {one.name: one.default for one in parameters}
    configured.fill(found, ())
    values = tuple(
        replace(
            _shown(one.shown, configured.used.get(one.name), one),
            value=None if found[one.name] in (REQUIRED, ()) else found[one.name],
        )
        for one in parameters
        if one.name not in ONLY_TYPED
    )
    return ShownConfig(source.path, command, values)


def _of_tables(source: Source, command: str, parameters: Sequence[Parameter]) -> Iterator[Setting]:
    own = {f"{command}.{key_of(one)}" for one in parameters if has_key(one)}
    environment, file = source.layers(command, parameters)
    for name in {**environment, **file}:
        setting = environment.get(name) or file[name]
        if setting.key in own:
            yield setting


def _shown(name: str, setting: Setting | None, one: Parameter | None = None) -> ShownValue:
    if setting is not None:
        kind: SourceOf = "environment" if setting.layer == ENVIRONMENT else "file"
        return ShownValue(name, setting.value, kind, setting.origin, setting.key)
    if one is None:
        return ShownValue(name, None, "default", "", "")
    if one.required:
        return ShownValue(name, None, "nowhere", "", "")
    return ShownValue(name, one.default, "default", "", "")
