"""The parameters of a command, read from its function and from its options object."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

from mcuzoo.config.parameters import REQUIRED, parameter, parameters_of
from mcuzoo.options import Option

Board = Annotated[str, Option("One of mcuzoo boards, or a .toml file.", "--board", "-b")]
Json = Annotated[bool, Option("Print one JSON document.", "--json")]


class Command:
    """A function with parameters that are options objects: it takes their fields one by one."""

    def __init__(self, function: Callable[..., None], kinds: Mapping[str, type[Any]]) -> None:
        self._function = function
        self._fields = {name: parameters_of(kind) for name, kind in kinds.items()}
        self._kinds = kinds
        self.more = inspect.getdoc(function)
        """The part of the help after the first sentence."""
        hints = get_type_hints(function, include_extras=True)
        own = [
            parameter(name, hints[name], one.default)
            for name, one in inspect.signature(function).parameters.items()
            if name not in kinds
        ]
        self.parameters = (
            *(one for one in own if one.default is REQUIRED),
            *(one for group in self._fields.values() for one in group),
            *(one for one in own if one.default is not REQUIRED),
        )

    def __call__(self, *arguments: Any, **values: Any) -> None:
        for group, kind in self._kinds.items():
            names = [one.name for one in self._fields[group] if one.name in values]
            values[group] = kind(**{name: values.pop(name) for name in names})
        self._function(*arguments, **values)


def takes(
    kind: type[Any] | None = None, **more: type[Any]
) -> Callable[[Callable[..., None]], Command]:
    """Make a function the command of its name. kind: the class of its parameter `options`, if any;
    more: those of other parameters that are options objects."""
    kinds = more if kind is None else {"options": kind, **more}
    return lambda function: Command(function, kinds)
