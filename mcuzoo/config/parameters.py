"""The parameters of an options object, with all that its fields say: kind, default, flag."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from mcuzoo.budgets import BudgetOptions
from mcuzoo.options import Argument, Option, RecipeOptions, flag_of

_KINDS = {str: "str", int: "int", float: "float", Path: "path", bool: ""}
REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """name: of the function's parameter or the field. kind: str, int, float, Path or bool; many: a
    list of them. default: REQUIRED where there is none. meant: its meaning and names."""

    name: str
    kind: type
    many: bool
    default: Any
    meant: Option

    @property
    def is_argument(self) -> bool:
        return isinstance(self.meant, Argument)

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def flags(self) -> tuple[str, ...]:
        """The option's names, the one that turns a switch off left out."""
        if not self.meant.names:
            return (flag_of(self.name),)
        return tuple(name.partition("/")[0] for name in self.meant.names)

    @property
    def off(self) -> str | None:
        """The name that turns a switch off: the second one of "--remember/--no-remember"."""
        ends = [name.partition("/")[2] for name in self.meant.names]
        return next((end for end in ends if end), None)

    @property
    def shown(self) -> str:
        """The name in messages."""
        return self.metavar if self.is_argument else max(self.flags, key=len)

    @property
    def metavar(self) -> str:
        """What stands for a value; nothing for a switch."""
        if self.meant.metavar is not None:
            return self.meant.metavar
        return self.name.upper() if self.is_argument else _KINDS[self.kind].upper()


_LAST: tuple[type[Any], ...] = (BudgetOptions, RecipeOptions)
"""Their many fields come last in the help."""


def parameters_of(kind: type[Any]) -> tuple[Parameter, ...]:
    """The fields of an options object, in the order of the help."""
    hints = get_type_hints(kind, include_extras=True)
    places = {
        one.name: place
        for place, base in enumerate(_LAST, 1)
        if issubclass(kind, base)
        for one in fields(base)
    }
    ordered = sorted(fields(kind), key=lambda one: places.get(one.name, 0))
    return tuple(parameter(one.name, hints[one.name], one.default) for one in ordered)


def parameter(name: str, hint: Any, default: Any) -> Parameter:
    """hint: Annotated[TYPE, Option(...)]."""
    type_, meant = get_args(hint)
    known = [one for one in get_args(type_) if one is not type(None)]
    if get_origin(type_) not in (list, tuple) and known:  # X | None, or X | tuple[X, ...] | None
        type_ = next((one for one in known if get_origin(one) in (list, tuple)), known[0])
    many = get_origin(type_) in (list, tuple)
    return Parameter(name, get_args(type_)[0] if many else type_, many, default, meant)
