"""All that mcuzoo.toml and the environment say, checked key by key, and where each value stands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mcuzoo.budgets import BudgetOptions
from mcuzoo.config.find import OFF, VARIABLE, Place, find_file
from mcuzoo.config.keys import (
    BESIDES,
    BUDGETS_TABLE,
    NO_BUDGETS,
    ONLY_TYPED,
    PREFIX,
    TAKEN_BY,
    SharedKeys,
)
from mcuzoo.config.parameters import Parameter, parameters_of
from mcuzoo.config.values import of_environment, of_file
from mcuzoo.emulator.scheme import SCHEME, split_port
from mcuzoo.errors import InputError, UsageError, did_you_mean
from mcuzoo.options import FromEnvironment

ENVIRONMENT, FILE = 1, 2
"""Layers; what was typed is 0."""

_MAX_BYTES = 1 << 20
_HINT = (
    "Correct it; then mcuzoo config checks all of it. docs/config.md says what every key means. "
    f"{VARIABLE}={OFF} is for no file."
)


@dataclass(frozen=True)
class Setting:
    """key: in the file, with its table: export.runtime. origin: file and line, or the variable.
    value: as it was written. layer: ENVIRONMENT or FILE."""

    key: str
    value: Any
    origin: str
    layer: int


Layer = dict[str, Setting]
"""By parameter of a command."""


@cache
def shared_parameters() -> dict[str, Parameter]:
    return {one.name: one for one in parameters_of(SharedKeys)}


@cache
def budget_parameters() -> dict[str, Parameter]:
    return {one.name: one for one in parameters_of(BudgetOptions)}


def key_of(one: Parameter) -> str:
    """The key of an option in the table of its command: --from is from."""
    return max(one.flags, key=len).lstrip("-").replace("-", "_")


def has_key(one: Parameter) -> bool:
    """Whether the table of a command may have the parameter."""
    return not one.is_argument and one.name not in ONLY_TYPED


def variable_of(*parts: str) -> str:
    """The variable of a key: MCUZOO_EXPORT_RUNTIME of export.runtime."""
    return PREFIX + "_".join(parts).upper().replace("-", "_")


class Source:
    """place: of the file; None: there is none. table: what it says. Nothing of it is checked."""

    def __init__(
        self, place: Place | None, text: str, table: dict[str, Any], environment: Mapping[str, str]
    ) -> None:
        self.place = place
        self._text = text
        self._table = table
        self._environment = environment

    @property
    def path(self) -> Path | None:
        return None if self.place is None else self.place.path

    def check(
        self,
        commands: Collection[str] | None,
        parameters: Mapping[str, Sequence[Parameter]] = MappingProxyType({}),
    ) -> None:
        """Raise InputError that names all mistakes of the file.

        commands: all, which may have tables; None: any name may be one. parameters: of those whose
        tables are checked, too.
        """
        complaints = list(self._complaints(commands, parameters))
        if complaints:
            raise InputError(self._located(complaints), _HINT)

    def shared(self) -> dict[str, Setting]:
        """The shared keys that are said. Raises InputError, UsageError."""
        found = {name: self._shared(name) for name in shared_parameters()}
        return {name: one for name, one in found.items() if one is not None}

    def budgets(self) -> dict[str, Setting]:
        """The budgets that are said. Raises InputError, UsageError."""
        found = {
            name: self._from_environment(one, BUDGETS_TABLE, name)
            or self._from_file(one, BUDGETS_TABLE, name)
            for name, one in budget_parameters().items()
        }
        said = {name: one for name, one in found.items() if one is not None}
        budgets = BudgetOptions(**{name: one.value for name, one in said.items()})
        for name, fault in budgets.complaints():
            if said[name].layer == ENVIRONMENT:
                raise _wrong_variable(said[name].origin, fault)
        return said

    def layers(self, command: str, parameters: Sequence[Parameter]) -> tuple[Layer, Layer]:
        """What environment and file say of the parameters of `command`.

        Of one layer, what is said of the command counts more than what is said of several. Raises
        InputError for a mistake in the command's table, UsageError for one in a variable.
        """
        complaints = list(self._of_table(command, parameters))
        if complaints:
            raise InputError(self._located(complaints), _HINT)
        layers = (
            self._layer(command, parameters, self._from_environment),
            self._layer(command, parameters, self._from_file),
        )
        if command == "profile":
            _add_target(layers, self._shared_at("port"))
        return layers

    def _layer(
        self,
        command: str,
        parameters: Sequence[Parameter],
        look: Callable[..., Setting | None],
    ) -> Layer:
        found: Layer = {}
        for one in parameters:
            setting = next(filter(None, self._said(command, one, look)), None)
            if setting is not None:
                found[one.name] = setting
        return found

    def _said(
        self, command: str, one: Parameter, look: Callable[..., Setting | None]
    ) -> Iterator[Setting | None]:
        """Of a parameter, from what is said of the command to what is said of several."""
        if one.meant.variable is not None and look == self._from_environment:
            yield self._variable(one, one.meant.variable, key_of(one))
        if has_key(one) and command not in TAKEN_BY:  # rig is a key, so it can be no table
            yield look(one, command, key_of(one))
            other, names = BESIDES.get(command, ("", ()))
            if one.name in names:
                yield look(one, other, key_of(one))
        if one.name in budget_parameters() and command not in NO_BUDGETS:
            yield look(one, BUDGETS_TABLE, one.name)
        for key, takers in TAKEN_BY.items():
            if takers.get(command) == one.name:
                setting = look(shared_parameters()[key], key)
                yield None if setting is None else _as_taken(one, setting)

    def _shared(self, name: str) -> Setting | None:
        return next(filter(None, self._shared_at(name)), None)

    def _shared_at(self, name: str) -> tuple[Setting | None, Setting | None]:
        one = shared_parameters()[name]
        return self._from_environment(one, name), self._from_file(one, name)

    def _from_environment(self, one: Parameter, *key: str) -> Setting | None:
        return self._variable(one, variable_of(*key), ".".join(key))

    def _variable(self, one: Parameter, name: str, key: str) -> Setting | None:
        text = self._environment.get(name)
        if not text:
            return None
        try:
            value = of_environment(one, text)
        except ValueError as error:
            raise _wrong_variable(name, error) from error
        if key == "port":
            value = tuple(map(FromEnvironment, value)) if one.many else FromEnvironment(value)
        return Setting(key, value, name, ENVIRONMENT)

    def _from_file(self, one: Parameter, *key: str) -> Setting | None:
        said: Any = self._table
        for part in key:
            said = said.get(part) if isinstance(said, dict) else None
        if said is None or self.place is None:
            return None
        try:
            value = of_file(one, said, self.place.folder)
        except ValueError as error:
            raise InputError(self._located([(key, str(error))]), _HINT) from error
        return Setting(".".join(key), value, f"{self.place.shown}:{self._line(key)}", FILE)

    def _complaints(
        self, commands: Collection[str] | None, parameters: Mapping[str, Sequence[Parameter]]
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        shared = shared_parameters()
        tables = [BUDGETS_TABLE, *(name for name in commands or () if name not in shared)]
        for key, said in self._table.items():
            if key in shared:
                yield from self._of_value(shared[key], said, (key,))
            elif key == BUDGETS_TABLE and isinstance(said, dict):
                yield from self._of_budgets(said)
            elif commands is None and isinstance(said, dict):
                pass
            elif key not in tables:
                kind = tables if isinstance(said, dict) else shared
                what = "table" if isinstance(said, dict) else "key"
                yield (key,), f"unknown {what}. {_meant(key, kind)}"
            elif not isinstance(said, dict):
                yield (key,), f"is a table: [{key}]"
            elif key in parameters:
                yield from self._of_table(key, parameters[key])

    def _of_budgets(self, said: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
        known = budget_parameters()
        found = {}
        for key, value in said.items():
            at = (BUDGETS_TABLE, key)
            if key not in known:
                yield at, f"unknown key. {_meant(key, known)}"
                continue
            complaints = list(self._of_value(known[key], value, at))
            yield from complaints
            if not complaints:
                found[key] = value
        for key, fault in BudgetOptions(**found).complaints():
            yield (BUDGETS_TABLE, key), fault

    def _of_table(
        self, command: str, parameters: Sequence[Parameter]
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        table = self._table.get(command)
        if not isinstance(table, dict):
            return
        known = {key_of(one): one for one in parameters if has_key(one)}
        typed = {key_of(one) for one in parameters if not one.is_argument} - known.keys()
        for key, said in table.items():
            if key in known:
                yield from self._of_value(known[key], said, (command, key))
            elif key in typed:
                yield (command, key), f"is only for the command line: mcuzoo {command} --{key}"
            else:
                yield (command, key), f"unknown key. {_meant(key, known)}"

    def _of_value(
        self, one: Parameter, said: Any, at: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], str]]:
        assert self.place is not None
        try:
            of_file(one, said, self.place.folder)
        except ValueError as error:
            yield at, str(error)

    def _located(self, complaints: Sequence[tuple[tuple[str, ...], str]]) -> str:
        """One line each, in the order of the file: file, line, key, what is wrong."""
        assert self.place is not None
        return "\n".join(
            f"{self.place.shown}:{self._line(key)}: {'.'.join(key)}: {said}"
            for key, said in sorted(complaints, key=lambda one: self._line(one[0]))
        )

    @cached_property
    def _lines(self) -> Any:
        from mcuzoo.board.lines import KeyLines

        return KeyLines(self._text)

    def _line(self, key: tuple[str, ...]) -> int:
        line: int = self._lines.find(key)[0]
        return line


def read_source(
    environment: Mapping[str, str], say: Callable[[str], None] = lambda text: None
) -> Source:
    """The file that counts, as it is, and the environment. Raises InputError if it is no TOML."""
    place = find_file(environment, say)
    if place is None:
        return Source(None, "", {}, environment)
    from mcuzoo.untrusted import parse_toml, read_text

    try:
        text = read_text(place.path, _MAX_BYTES)
    except (OSError, ValueError) as error:
        raise InputError(f"{place.shown} cannot be read: {error}", _HINT) from error
    try:
        table = parse_toml(text, _MAX_BYTES)
    except ValueError as error:
        raise InputError(f"{place.shown}: not valid TOML: {error}", _HINT) from error
    return Source(place, text, table, environment)


def _wrong_variable(name: str, fault: object) -> UsageError:
    return UsageError(f"{name}: {fault}.", f"Set {name} to another value, or to none.")


def _as_taken(one: Parameter, setting: Setting) -> Setting | None:
    """A shared value as the parameter has it; None for several where only one is possible."""
    value = setting.value
    if isinstance(value, tuple) and not one.many:
        if len(value) != 1:
            return None
        value = value[0]
    if not isinstance(value, FromEnvironment | tuple):
        value = one.kind(value)
    if one.many and not isinstance(value, tuple):
        value = (value,)
    return Setting(setting.key, value, setting.origin, setting.layer)


def _add_target(layers: Sequence[Layer], ports: Sequence[Setting | None]) -> None:
    """What `profile` takes as its PORT|PROJECT: the one port, else the project."""
    for layer, port in zip(layers, ports, strict=True):
        names: tuple[str, ...] = () if port is None else port.value
        real = len(names) == 1 and names[0] not in ("auto", "all") and names[0].lower() != SCHEME
        if port is not None and real:
            emulated = split_port(names[0])
            # Of an emulated board without options it is the project.
            name = emulated[0] if emulated is not None and not emulated[1] else names[0]
            layer["target"] = Setting(port.key, str(name), port.origin, port.layer)
        elif "project" in layer:
            project = layer["project"]
            layer["target"] = Setting(
                project.key, str(project.value), project.origin, project.layer
            )


def _meant(key: str, known: Collection[str]) -> str:
    aliases = {"data": "images", "data_set": "images", "dataset": "images"}
    meant = f"Did you mean {aliases[key]!r}? " if aliases.get(key) in known else ""
    return f"{meant or did_you_mean(key.replace('-', '_'), known)}Known: {', '.join(known)}"
